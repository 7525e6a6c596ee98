// Package objects names what a capability was asked for: which file, port, process or option. It is
// pure, and knows what the arguments of system calls mean.
package objects

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Kind is what an object is above all.
type Kind string

// The kinds, by what is known: nothing of the last but the arguments of the call.
const (
	File      Kind = "file"
	Socket    Kind = "socket"
	Process   Kind = "process"
	Option    Kind = "option"
	Arguments Kind = "arguments"
)

// Object is what a capability was asked for, as it was at the check. What is not known,
// or does not apply, is "" or 0.
type Object struct {
	Kind Kind
	// Path of a file in the mount namespace of who asked, or below our own root directory; Given is how
	// the call named it, or what that led to through it, where that is something else.
	Path, Given string
	// Owner and Group are names, or numbers where there are none. Mode is as chmod(1)
	// takes it.
	Owner, Group, Mode string
	// Type is "directory", "socket" and the like, "" for an ordinary file. Device is major:minor
	// of a device file.
	Type, Device string
	// Family, Protocol, Address and Port of a socket, and what the call names.
	Family, Protocol, Address string
	Port                      int
	// Message is the type of a netlink message.
	Message string
	// PID, Program and User of another process.
	PID           int
	Program, User string
	// Option says what else the call asks for: options, IDs, flags, a signal.
	Option string
}

// ValuesOf is all that follows some words in an Option: "nice " in "SCHED_OTHER, nice -5".
func ValuesOf(option, words string) (list []string) {
	for part := range strings.SplitSeq(option, ", ") {
		if rest, found := strings.CutPrefix(part, words); found {
			list = append(list, rest)
		}
	}
	return list
}

// Same is what an object has in common with what it was, or would be, in another run.
func (o Object) Same() Object {
	o.Given, o.Owner, o.Group, o.Mode, o.Type, o.Device, o.PID = "", "", "", "", "", "", 0
	return o
}

// Text names the object in a few words. It has bytes as the program gave them.
func (o Object) Text() string {
	switch o.Kind {
	case File:
		return listed(o.fileText(), o.Option)
	case Socket:
		return listed(o.socketText(), o.Option)
	case Process:
		return listed(o.processText(), o.Option)
	}
	return o.Option
}

// listed are the words that there are, parted by commas.
func listed(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

func (o Object) fileText() string {
	var about []string
	if o.Owner != "" {
		about = append(about, o.Owner+":"+o.Group+" "+o.Mode)
	}
	about = append(about, o.Type)
	if o.Device != "" {
		about = append(about, o.Device)
	}
	text := o.Path
	if text == "" {
		text = "a file without a path"
	}
	if detail := listed(about...); detail != "" {
		text += " (" + detail + ")"
	}
	if o.Given != "" && o.Type == "directory" {
		text += " for " + o.Given
	}
	if o.PID != 0 {
		text += " of " + o.processText()
	}
	return text
}

func (o Object) socketText() string {
	if o.Port != 0 {
		text := fmt.Sprintf("port %d", o.Port)
		if o.Protocol != "" {
			text += "/" + o.Protocol
		}
		return listed(text+" of "+o.Address, o.Message)
	}
	text := strings.TrimSpace(o.Family + " socket")
	if o.Protocol != "" {
		text += " (" + o.Protocol + ")"
	}
	return listed(text, o.Address, o.Message)
}

func (o Object) processText() string {
	return fmt.Sprintf("process %d (%s)", o.PID, listed(o.Program, o.User))
}

// Asked is what the kernel half saw of an object.
type Asked struct {
	// Syscall is its name, ABI that of a foreign one.
	Syscall, ABI string
	// Known: Arguments are the numbers among the call's, or all of a call that is not in the
	// table.
	Known     bool
	Arguments [6]uint64
	File      *Inode
	// Walk: it was found while Texts[0] was followed. Base: Names are those of the
	// directory that it begins in. More: there are more above. Root: they go up to the root.
	Walk, Base, More, Root bool
	// Found: File is what the kernel seems to have found for Texts[0], or of an entry the
	// directory that this is in, and FoundName its own name, which can be cut.
	Found     bool
	FoundName string
	// Names are those of the directories, the innermost first. Texts are paths and words of
	// the call's arguments.
	Names []string
	Texts [2]string
	// Socket is nil where the call's descriptor is none.
	Socket *SocketKind
	// Address is a struct sockaddr, nil for none, Struct what an argument points to.
	Address, Struct []byte
	// Message is the type of a netlink message, -1 for none.
	Message int
	Process *Task
}

// Inode is of an inode.
type Inode struct{ UID, GID, Mode, Special uint32 }

// SocketKind has numbers as socket(2) takes them.
type SocketKind struct{ Family, Type, Protocol int }

// Task is another process, or the caller itself.
type Task struct {
	PID     int
	Program string
	User    uint32
	Self    bool
}

// Names knows users and groups by number, and capabilities by a set of them.
type Names interface {
	User(uid uint32) string
	Group(gid uint32) string
	Capabilities(set uint64) string
}

// Object names what was asked for.
func (a Asked) Object(names Names) Object {
	var o Object
	n := naming{Asked: a, names: names}
	o.Option = n.options()
	n.file(&o)
	n.socket(&o)
	if p := n.Process; p != nil && !p.Self {
		o.PID, o.Program, o.User = p.PID, p.Program, names.User(p.User)
	}
	switch {
	case o.Path != "" || n.File != nil:
		o.Kind = File
	case n.Socket != nil || n.Address != nil || n.Message >= 0:
		o.Kind = Socket
	case o.PID != 0:
		o.Kind = Process
	case n.known() && o.Option != "":
		o.Kind = Option
	case n.known():
		o.Kind, o.Option = Arguments, "arguments that could not be read"
	default:
		o.Kind, o.Option = Arguments, n.raw()
	}
	return o
}

// naming puts names to what was seen.
type naming struct {
	Asked
	names Names
}

// path is that of a file or a directory by its names.
func (n *naming) path() string {
	var b strings.Builder
	if n.More {
		b.WriteString("/…")
	}
	for _, name := range slices.Backward(n.Names) {
		b.WriteString("/" + name)
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

func (n *naming) file(o *Object) {
	given := n.Texts[0]
	switch {
	case n.Walk:
		o.Path = n.path()
		if given != o.Path {
			o.Given = given
		}
	case n.Base && given == "":
		o.Path = n.path()
	case n.Base:
		o.Path = tidy(n.path() + "/" + given)
		if n.Found {
			n.found(o)
		}
	case n.File != nil && (n.Root || n.More):
		o.Path = n.path()
	}
	if f := n.File; f != nil {
		o.Owner, o.Group = n.names.User(f.UID), n.names.Group(f.GID)
		o.Mode = fmt.Sprintf("%04o", f.Mode&^unix.S_IFMT)
		o.Type = fileTypes[f.Mode&unix.S_IFMT]
		if f.Special != 0 {
			o.Device = fmt.Sprintf("%d:%d", f.Special>>20, f.Special&0xfffff)
		}
	}
}

// maxFound is as far as a name is known, as in the kernel half.
const maxFound = 63

// found tells whether what was found has the name of what was looked for. Where the path has
// none for it, it was known by where it lies.
func (n *naming) found(o *Object) {
	parts := strings.FieldsFunc(tidy(n.Texts[0]), func(r rune) bool { return r == '/' })
	entry := n.isEntry()
	if entry && len(parts) > 0 {
		parts = parts[:len(parts)-1]
	}
	if len(parts) > 0 {
		if name := parts[len(parts)-1]; n.FoundName != name[:min(len(name), maxFound)] {
			n.File = nil
			return
		}
	}
	if entry {
		o.Given, o.Path = o.Path, o.Path[:max(strings.LastIndex(o.Path, "/"), 1)]
	}
}

// tidy is a path without what goes nowhere. What .. leads to, only the kernel knows.
func tidy(p string) string {
	names := slices.DeleteFunc(strings.Split(p, "/"), func(name string) bool {
		return name == "" || name == "."
	})
	return "/" + strings.Join(names, "/")
}

// fileTypes are in words, but for an ordinary file.
var fileTypes = map[uint32]string{
	unix.S_IFDIR: "directory", unix.S_IFLNK: "link", unix.S_IFSOCK: "socket", unix.S_IFIFO: "pipe",
	unix.S_IFBLK: "block device", unix.S_IFCHR: "character device",
}

// raw are the arguments of a call that is not in the table.
func (n *naming) raw() string {
	if !n.Known {
		return "no system call of its own"
	}
	words := make([]string, len(n.Arguments))
	for i, value := range n.Arguments {
		words[i] = "an address"
		if value != AnAddress {
			words[i] = asHex(n, value)
		}
	}
	return "arguments " + strings.Join(words, ", ")
}

// AnAddress stands for an argument that seems to be an address, and differs each time.
const AnAddress = 1 << 63
