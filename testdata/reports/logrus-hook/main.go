// A hook of logrus logs something itself, by the logger that it is a hook of.
package main

import (
	"io"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"
)

type counter struct{ errors int }

func (c *counter) Levels() []logrus.Level { return []logrus.Level{logrus.ErrorLevel} }

func (c *counter) Fire(e *logrus.Entry) error {
	c.errors++
	e.Logger.WithField("errors", c.errors).Error("too many errors") // @hook
	return nil
}

func main() {
	l := logrus.New()
	l.SetOutput(io.Discard)
	l.AddHook(&counter{})
	go func() {
		l.Error("disk is full") // @log
	}()
	time.Sleep(100 * time.Millisecond)
	for range 3 {
		go l.Info("hello") // @later
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
