// Package dbnested asks a database for more while it still reads the rows of another query: with as many of these as there are connections, none goes on.
package dbnested

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net/http"
	"time"
)

// A dummy is a driver whose queries have two rows.
type dummy struct{ left int }

func (d *dummy) Connect(context.Context) (driver.Conn, error)   { return &dummy{}, nil }
func (d *dummy) Driver() driver.Driver                          { return nil }
func (d *dummy) Prepare(string) (driver.Stmt, error)            { return &dummy{}, nil }
func (d *dummy) Begin() (driver.Tx, error)                      { return nil, errors.New("none") }
func (d *dummy) Close() error                                   { return nil }
func (d *dummy) NumInput() int                                  { return -1 }
func (d *dummy) Exec([]driver.Value) (driver.Result, error)     { return nil, errors.New("none") }
func (d *dummy) Query(args []driver.Value) (driver.Rows, error) { return &dummy{left: 2}, nil }
func (d *dummy) Columns() []string                              { return []string{"id"} }
func (d *dummy) Next(row []driver.Value) error {
	if d.left == 0 {
		return io.EOF
	}
	d.left--
	row[0] = int64(d.left)
	return nil
}

func summaries(db *sql.DB) error {
	rows, err := db.Query("select id from trips") // @outer
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
		var last int64
		if err := db.QueryRow("select max(stop) from stops where trip = ?", id).Scan(&last); err != nil { // @inner
			return err
		}
	}
	return rows.Err()
}

func Main() {
	db := sql.OpenDB(&dummy{})
	db.SetMaxOpenConns(3)
	for range 8 {
		go summaries(db)
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
