package main

import "testing"

func TestLeaves(t *testing.T) {
	go recv(make(chan int))
	go func() {
		for range make(chan string) { // leak
		}
	}()
}

func TestEnds(t *testing.T) {
	c := make(chan int, 1)
	go func() { c <- 1 }()
	<-c
}
