// github.com/eclipse/paho.mqtt.golang #411 and kin: a message handler publishes with QoS 1 and waits for the token.
package main

import (
	"net"
	"net/http"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// As much of a broker as it takes.
func broker(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			for {
				cp, err := packets.ReadPacket(c)
				if err != nil {
					return
				}
				switch p := cp.(type) {
				case *packets.ConnectPacket:
					packets.NewControlPacket(packets.Connack).Write(c)
				case *packets.SubscribePacket:
					a := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
					a.MessageID, a.ReturnCodes = p.MessageID, []byte{1}
					a.Write(c)
					go func() {
						for n := 1; ; n++ {
							m := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
							m.TopicName, m.Payload = "in", []byte("x")
							if m.Write(c) != nil {
								return
							}
							if n%300 == 0 {
								time.Sleep(50 * time.Millisecond)
							}
						}
					}()
				case *packets.PublishPacket:
					a := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
					a.MessageID = p.MessageID
					a.Write(c)
				case *packets.PingreqPacket:
					packets.NewControlPacket(packets.Pingresp).Write(c)
				}
			}
		}()
	}
}

func onMessage(c mqtt.Client, m mqtt.Message) {
	t := c.Publish("out", 1, false, m.Payload())
	t.Wait() // @wait
}

func main() {
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	go broker(ln)
	o := mqtt.NewClientOptions().AddBroker("tcp://" + ln.Addr().String()).SetClientID("shop")
	o.SetKeepAlive(time.Hour) // a ping without an answer ends the connection, and with it the hang
	c := mqtt.NewClient(o)
	if t := c.Connect(); t.Wait() && t.Error() != nil {
		panic(t.Error())
	}
	c.Subscribe("in", 1, onMessage).Wait()
	http.ListenAndServe("127.0.0.1:0", nil)
}
