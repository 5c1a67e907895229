// Command interop is a member of a memberlist cluster on the reference implementation, set up as MetalLB's speaker does it: what the
// tests in this folder hold our own against. It does what standard input says, a line each, and tells on standard output what it sees, a
// JSON object each.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/memberlist"
)

type event struct {
	Event string `json:"event"`
	Name  string `json:"name,omitempty"`
	Meta  string `json:"meta"`
	Count int    `json:"count"`
	Error string `json:"error,omitempty"`
}

var out = json.NewEncoder(os.Stdout)

// tell is called from several goroutines; its lines go through one channel so that they stay whole.
var lines = make(chan event, 1024)

func tell(one event) { lines <- one }

type events struct{}

func about(kind string, n *memberlist.Node) {
	tell(event{Event: kind, Name: n.Name, Meta: hex.EncodeToString(n.Meta)})
}

func (events) NotifyJoin(n *memberlist.Node)   { about("join", n) }
func (events) NotifyLeave(n *memberlist.Node)  { about("leave", n) }
func (events) NotifyUpdate(n *memberlist.Node) { about("update", n) }

// delegate has metadata, which MetalLB's speaker has not, and hears user messages.
type delegate struct{ meta []byte }

func (d *delegate) NodeMeta(int) []byte             { return d.meta }
func (d *delegate) NotifyMsg(b []byte)              { tell(event{Event: "user", Meta: hex.EncodeToString(b)}) }
func (d *delegate) GetBroadcasts(int, int) [][]byte { return nil }
func (d *delegate) LocalState(bool) []byte          { return nil }
func (d *delegate) MergeRemoteState([]byte, bool)   {}

func main() {
	name := flag.String("name", "", "of the node")
	bind := flag.String("bind", "", "address")
	port := flag.Int("port", 7946, "UDP and TCP")
	secret := flag.String("secret", "", "as MetalLB reads it from a file; empty: no encryption")
	label := flag.String("label", "", "of the cluster")
	compress := flag.Bool("compress", true, "what is sent")
	fast := flag.Bool("fast", false, "five times the pace of a LAN")
	meta := flag.String("meta", "", "metadata; empty: no delegate, as MetalLB")
	flag.Parse()

	config := memberlist.DefaultLANConfig()
	config.Name, config.BindAddr, config.BindPort, config.AdvertisePort = *name, *bind, *port, *port
	config.Label, config.EnableCompression, config.Events = *label, *compress, events{}
	if *fast {
		config.ProbeInterval, config.ProbeTimeout = 200*time.Millisecond, 100*time.Millisecond
		config.GossipInterval, config.PushPullInterval = 40*time.Millisecond, time.Second
	}
	if *secret != "" {
		// Appended to the secret, not hashed with it: that is what MetalLB does.
		config.SecretKey = sha256.New().Sum([]byte(*secret))[:32]
	}
	user := &delegate{meta: []byte(*meta)}
	if *meta != "" {
		config.Delegate = user
	}
	go func() {
		for one := range lines {
			_ = out.Encode(one)
		}
	}()
	list, err := memberlist.Create(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		words := strings.Fields(commands.Text())
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "join":
			count, err := list.Join(words[1:])
			tell(event{Event: "joined", Count: count, Error: text(err)})
		case "meta":
			user.meta = []byte(words[1])
			tell(event{Event: "updated", Error: text(list.UpdateNode(time.Second))})
		case "leave":
			err := list.Leave(time.Second)
			tell(event{Event: "left", Error: text(err)})
			_ = list.Shutdown()
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
