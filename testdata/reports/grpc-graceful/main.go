// google.golang.org/grpc #5225, #2448: GracefulStop waits for a stream whose handler waits for the next message to push.
package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

type server struct {
	grpc_health_v1.UnimplementedHealthServer
	messages chan grpc_health_v1.HealthCheckResponse_ServingStatus
}

func (s *server) Watch(r *grpc_health_v1.HealthCheckRequest, st grpc_health_v1.Health_WatchServer) error {
	for {
		select { // @watch
		case <-st.Context().Done():
			return nil
		case m := <-s.messages:
			st.Send(&grpc_health_v1.HealthCheckResponse{Status: m})
		}
	}
}

func main() {
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	g := grpc.NewServer()
	s := &server{messages: make(chan grpc_health_v1.HealthCheckResponse_ServingStatus)}
	grpc_health_v1.RegisterHealthServer(g, s)
	go g.Serve(ln)
	conn, err := grpc.Dial(ln.Addr().String(), grpc.WithInsecure())
	if err != nil {
		panic(err)
	}
	w, err := grpc_health_v1.NewHealthClient(conn).Watch(context.Background(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			if _, err := w.Recv(); err != nil {
				return
			}
		}
	}()
	s.messages <- grpc_health_v1.HealthCheckResponse_SERVING
	time.Sleep(100 * time.Millisecond)
	go g.GracefulStop() // @stop
	http.ListenAndServe("127.0.0.1:0", nil)
}
