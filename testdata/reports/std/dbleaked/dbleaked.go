// Package dbleaked returns before it has read all rows, and does not close them: each call takes a connection for good.
package dbleaked

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/http"
	"time"
)

// A dummy is a driver whose queries have rows without an end.
type dummy struct{}

func (dummy) Connect(context.Context) (driver.Conn, error)   { return dummy{}, nil }
func (dummy) Driver() driver.Driver                          { return nil }
func (dummy) Prepare(string) (driver.Stmt, error)            { return dummy{}, nil }
func (dummy) Begin() (driver.Tx, error)                      { return nil, errors.New("none") }
func (dummy) Close() error                                   { return nil }
func (dummy) NumInput() int                                  { return -1 }
func (dummy) Exec([]driver.Value) (driver.Result, error)     { return nil, errors.New("none") }
func (dummy) Query(args []driver.Value) (driver.Rows, error) { return dummy{}, nil }
func (dummy) Columns() []string                              { return []string{"id"} }
func (dummy) Next(row []driver.Value) error                  { row[0] = int64(1); return nil }

func exists(db *sql.DB, name string) bool {
	rows, err := db.Query("select id from users where name = ?", name) // @query
	if err != nil {
		return false
	}
	return rows.Next()
}

var db = sql.OpenDB(dummy{})

func Main() {
	db.SetMaxOpenConns(2)
	for range 6 {
		go exists(db, "anna")
		time.Sleep(10 * time.Millisecond)
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
