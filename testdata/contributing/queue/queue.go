package queue

type Client struct{ Jobs chan string }

func (c *Client) Pop() string { return <-c.Jobs }
