package main

import "reflect"

// startReflect waits through package reflect.
//
//go:noinline
func startReflect() {
	ch := make(chan int)
	go func() {
		reflect.ValueOf(ch).Recv() // leak
	}()
	a, b := make(chan int), make(chan string)
	go func() {
		reflect.Select([]reflect.SelectCase{ // leak
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(a)},
			{Dir: reflect.SelectSend, Chan: reflect.ValueOf(b), Send: reflect.ValueOf("x")},
		})
	}()
	in := make(chan int)
	f := reflect.MakeFunc(reflect.TypeOf(func() {}), func([]reflect.Value) []reflect.Value {
		<-in // leak: in a function that reflect made
		return nil
	})
	go f.Interface().(func())()
	s := &session{5, make(chan int)}
	go reflect.ValueOf(s).MethodByName("Take").Call(nil)
	go reflect.ValueOf(s).MethodByName("Take").Interface().(func())()
}

func (s *session) Take() {
	<-s.done // leak: in a method that reflect called
}
