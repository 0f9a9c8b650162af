// Package latesend gives up on an answer after a while; who sends it late has nobody to take it.
package latesend

import (
	"errors"
	"net/http"
	"time"
)

func query(d time.Duration) string {
	time.Sleep(d)
	return "answer"
}

func withTimeout(limit, takes time.Duration) (string, error) {
	answer := make(chan string) // @made
	go func() {                 // @started
		answer <- query(takes) // @send
	}()
	select {
	case a := <-answer:
		return a, nil
	case <-time.After(limit):
		return "", errors.New("timeout")
	}
}

func Main() {
	go http.ListenAndServe("127.0.0.1:0", nil)
	for {
		withTimeout(10*time.Millisecond, 15*time.Millisecond)
		withTimeout(10*time.Millisecond, time.Millisecond)
	}
}
