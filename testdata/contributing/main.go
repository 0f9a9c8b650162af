package main

import "example.com/queue"

func main() {
	client := queue.Client{Jobs: make(chan string)}
	println(client.Pop())
}
