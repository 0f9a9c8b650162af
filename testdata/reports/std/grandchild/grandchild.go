// A shell command leaves a process behind that holds its output open.
package grandchild

import (
	"bytes"
	"context"
	"net/http"
	"os/exec"
	"sync"
	"time"
)

type runner struct {
	mu   sync.Mutex
	last string
}

func (r *runner) refresh(ctx context.Context) error {
	r.mu.Lock() // @lock
	defer r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", "echo started; sleep 600 & exit 0")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil { // @run
		return err
	}
	r.last = out.String()
	return nil
}

func (r *runner) status() string {
	r.mu.Lock() // @status
	defer r.mu.Unlock()
	return r.last
}

func Main() {
	r := &runner{}
	go r.refresh(context.Background())
	time.Sleep(100 * time.Millisecond)
	for i := 0; i < 3; i++ {
		go r.status()
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
