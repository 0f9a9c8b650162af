// Package dbrows closes a connection of which rows have not been closed.
package dbrows

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/http"
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

func first(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	rows, err := conn.QueryContext(ctx, "select id from trips")
	if err != nil {
		return err
	}
	rows.Next()
	return conn.Close() // @close
}

var db = sql.OpenDB(dummy{})

func Main() {
	go first(context.Background(), db)
	http.ListenAndServe("127.0.0.1:0", nil)
}
