// Package dbtx asks the database, and not its transaction, while it is in one, and there is one connection.
package dbtx

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"net/http"
	"time"
)

// A dummy is a driver with transactions.
type dummy struct{}

func (dummy) Connect(context.Context) (driver.Conn, error)   { return dummy{}, nil }
func (dummy) Driver() driver.Driver                          { return nil }
func (dummy) Prepare(string) (driver.Stmt, error)            { return dummy{}, nil }
func (dummy) Begin() (driver.Tx, error)                      { return dummy{}, nil }
func (dummy) Commit() error                                  { return nil }
func (dummy) Rollback() error                                { return nil }
func (dummy) Close() error                                   { return nil }
func (dummy) NumInput() int                                  { return -1 }
func (dummy) Exec([]driver.Value) (driver.Result, error)     { return driver.RowsAffected(1), nil }
func (dummy) Query(args []driver.Value) (driver.Rows, error) { return dummy{}, nil }
func (dummy) Columns() []string                              { return []string{"id"} }
func (dummy) Next(row []driver.Value) error                  { return io.EOF }

type store struct{ db *sql.DB }

func (s *store) audit(what string) error {
	_, err := s.db.Exec("insert into audit values (?)", what) // @audit
	return err
}

func (s *store) rename(id int, name string) error {
	tx, err := s.db.Begin() // @begin
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec("update users set name = ? where id = ?", name, id); err != nil {
		return err
	}
	if err := s.audit("rename"); err != nil {
		return err
	}
	return tx.Commit()
}

func Main() {
	s := &store{sql.OpenDB(dummy{})}
	s.db.SetMaxOpenConns(1)
	go s.rename(1, "anna")
	time.Sleep(50 * time.Millisecond)
	go s.audit("login")
	http.ListenAndServe("127.0.0.1:0", nil)
}
