// jackc/pgx #713 and kin: with every connection of a pool taken, each request wants a second one. The pool is a semaphore made of a channel.
package poolnested

import (
	"context"
	"net/http"
	"time"
)

type conn struct{ id int }

type pool struct{ free chan *conn }

func newPool(n int) *pool {
	p := &pool{make(chan *conn, n)}
	for i := 0; i < n; i++ {
		p.free <- &conn{i}
	}
	return p
}

func (p *pool) acquire(ctx context.Context) (*conn, error) {
	select { // @take
	case c := <-p.free:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pool) release(c *conn) { p.free <- c }

func (p *pool) audit(ctx context.Context) error {
	c, err := p.acquire(ctx)
	if err != nil {
		return err
	}
	defer p.release(c)
	time.Sleep(time.Millisecond)
	return nil
}

func (p *pool) update(ctx context.Context) error {
	c, err := p.acquire(ctx) // @first
	if err != nil {
		return err
	}
	defer p.release(c)
	time.Sleep(20 * time.Millisecond)
	return p.audit(ctx) // @audit
}

func Main() {
	p := newPool(4)
	go func() {
		for i := 0; i < 10; i++ {
			go p.update(context.Background())
		}
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
