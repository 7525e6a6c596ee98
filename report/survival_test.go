package report

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/cap-audit/cap-audit/audit"
	"github.com/cap-audit/cap-audit/objects"
)

// unwritten are the findings that are not in a document, and why.
var unwritten = map[string]string{
	"Application.Arguments":     secret,
	"Application.UID":           ofItsRun,
	"Application.Held":          ofItsRun,
	"Application.Status":        ofUnit,
	"Application.Signal":        ofUnit,
	"Application.FileEffective": advised,
	"RunAsGroup":                advised,
	"Took":                      ofItsRun,
	"Requested":                 stated,
	"Application.Python":        advised,
	"Application.Script":        advised,
	"Application.Unprivileged":  advised,
	"Application.FilePermitted": advised,
	"Application.SecureLosses":  advised,
	"Subject.Ambient":           advised,
	"Subject.Limited":           advised,
	"Subject.CutShort":          "the document has complete: false, and says no more",
	"BlindSpots.Count":          "it is in the words of the limit",
	"Required.InPlace":          inPlace,
	"Init.InPlace":              inPlace,
	"Operational.InPlace":       inPlace,
	"Refusals":                  "they are compared with those of repetitions, at once",
	"Grants":                    "they are compared with those of repetitions, at once",
	"RefusedUnasked":            "they are compared with those of repetitions, at once",
	"RefusedEnd":                ofItsRun,
	"Lasted":                    ofItsRun,
	"Serving":                   ofItsRun,
	"Required.Span":             ofItsRun,
	"Init.Span":                 ofItsRun,
	"Operational.Span":          ofItsRun,
	"UnitFile":                  ofItsRun,
	"Proof":                     ofItsRun,
	"Untold":                    "the losses tell",
	"Bounds":                    "what follows from them is in StatedReach",
	"Programs.Members":          "who can ask for what is in StatedReach",
	"StatedAtLeast":             "the document has it from the rest",
	"StatedOperational":         "it follows from Operational and Stated",
}

// derived is what is another when the document is read and written again.
var derived = map[string]string{
	"Tool.Version":                      "that of the last writer",
	"Verified":                          ofItsRun,
	"Proof":                             ofItsRun,
	"RefusedEnd":                        ofItsRun,
	"Lasted":                            ofItsRun,
	"Serving":                           ofItsRun,
	"Required.Times.FirstSeconds":       ofItsRun,
	"Required.Times.LastSeconds":        ofItsRun,
	"Initialization.Times.FirstSeconds": ofItsRun,
	"Initialization.Times.LastSeconds":  ofItsRun,
	"Operational.Times.FirstSeconds":    ofItsRun,
	"Operational.Times.LastSeconds":     ofItsRun,
	"UnitFile":                          ofItsRun,
	"Exposure":                          ofItsRun,
	"Policy":                            "judged anew with --check",
	"blindSpots.Count":                  unwritten["BlindSpots.Count"],
	"cutShort":                          unwritten["Subject.CutShort"],
	"fileExcess":                        advised,
	"commandLine":                       secret,
	"uid":                               ofItsRun,
	"held":                              ofItsRun,
	"took":                              ofItsRun,
	"advice.Group":                      advised,
	"advice.FileHas":                    advised,
	"advice.First":                      ofItsRun,
	"advice.FileRaises":                 advised,
	"advice.Filter.Bounded":             advised,
	"advice.Filter.Unsure":              advised,
	"advice.Python":                     advised,
	"advice.Script":                     advised,
	"advice.Unprivileged":               advised,
	"advice.Ambient":                    advised,
	"advice.Limited":                    advised,
	"advice.SecureLosses":               advised,
	"secureLosses":                      advised,
}

// unjoined are the findings that a union does not have, and why.
var unjoined = map[string]string{
	"Application.PID":           ofItsRun,
	"Application.Mentions":      ofItsRun,
	"Application.Python":        advised,
	"Application.Script":        advised,
	"Application.Unprivileged":  advised,
	"Application.FilePermitted": advised,
	"Application.SecureLosses":  advised,
	"Application.Arguments":     secret,
	"Application.UID":           ofItsRun,
	"Application.Held":          ofItsRun,
	"Application.FileEffective": advised,
	"RunAsGroup":                advised,
	"Took":                      ofItsRun,
	"Requested":                 stated,
	"Programs.Index":            "numbered anew",
	"Programs.Parent":           "numbered anew",
	"Programs.Members":          unwritten["Programs.Members"],
	"Bounds":                    unwritten["Bounds"],
	"Held":                      ofItsRun,
	"Required.InPlace":          ofItsRun,
	"Init.InPlace":              ofItsRun,
	"Operational.InPlace":       ofItsRun,
	"Refusals":                  unwritten["Refusals"],
	"Grants":                    unwritten["Grants"],
	"RefusedUnasked":            unwritten["RefusedUnasked"],
	"TestFailed":                "the report counts as incomplete",
	"RefusedEnd":                ofItsRun,
	"Lasted":                    ofItsRun,
	"Serving":                   ofItsRun,
	"Required.Span":             ofItsRun,
	"Init.Span":                 ofItsRun,
	"Operational.Span":          ofItsRun,
	"UnitFile":                  ofItsRun,
	"Proof":                     ofItsRun,
	"Untold":                    "the report counts as untold",
	"StatedAtLeast":             "the report counts as one that says so",
}

const (
	advised  = "it only bears on the advice, which is given on the spot"
	stated   = "what follows from it is in Stated"
	secret   = "a password can be among them"
	ofItsRun = "of one run and one machine"
	nameless = "what is set is no path, and no socket"
	tooShort = "what is set is less than a millisecond"
	ofUnit   = "how a unit ended is not known"
	inPlace  = "the reason has it where there are no checks"
)

// unset is what not even filled findings give a document.
var unset = map[string]string{
	"Complete": "something is missing",
	"recorded": "something is missing",
	"untraced": "it was traced",

	"everything":                 "something is ruled out",
	"advice.Met.Code":            nameless,
	"advice.Met.Devices":         nameless,
	"advice.Met.Families":        nameless,
	"advice.Met.Read":            nameless,
	"advice.Filter.Reachable":    "it failed",
	"advice.Unbegun":             "its start was seen",
	"advice.Inside":              "one is asked for on the host",
	"advice.Filter.ABIs":         "the machine's own",
	"Coverage.Programs.Analysed": "it failed",
	"advice.Others.Code":         "it failed",

	"AtLeast":              "nothing with harm was refused",
	"Exit.Status":          ofUnit,
	"Exit.Signal":          ofUnit,
	"RefusedEnd.RawReturn": "what is set is no error code",

	"Lasted":                             tooShort,
	"Serving.AfterSeconds":               tooShort,
	"Required.Times.FirstSeconds":        tooShort,
	"Required.Times.LastSeconds":         tooShort,
	"Required.Times.BeforeServing":       "something is lost",
	"Initialization.Times.FirstSeconds":  tooShort,
	"Initialization.Times.LastSeconds":   tooShort,
	"Initialization.Times.BeforeServing": "something is lost",
	"Operational.Times.FirstSeconds":     tooShort,
	"Operational.Times.LastSeconds":      tooShort,
	"Operational.Times.BeforeServing":    "something is lost",

	"advice.Early":                "something is lost",
	"advice.Itself":               "the one program has a parent",
	"Required.byRepetition":       "there are checks",
	"Initialization.byRepetition": "there are checks",
	"Operational.byRepetition":    "there are checks",
	"Policy.Sure":                 "something is missing",
	"Policy.Met":                  "the policy allows nothing",
	"becomes":                     "it changes to no account",
	"lessers":                     "there are none once a capset succeeded",
}

// Every field of the findings is in the document and read from there, and every
// field of the document is written again, or a table says why not.
func TestEveryFieldSurvives(t *testing.T) {
	f := filled(t)
	d := NewDocument(f)
	d.Tool.Version = "1.0"
	d.Judge("policy", f.Fit(0), true)
	d.Locate(Place{"policy", 1, map[string]int{"chown": 1}})
	level := 9.6
	d.Exposure = &Exposure{&level, &level, &level}
	for form, write := range map[string]func(io.Writer, *Document) error{
		"JSON": WriteJSON, "YAML": WriteYAML,
	} {
		t.Run(form, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b, d); err != nil {
				t.Fatal(err)
			}
			read, err := Read(&b)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, unwritten, changed(f, read))
			expect(t, derived, changed(d, NewDocument(read)))
		})
	}
	t.Run("union", func(t *testing.T) {
		u := audit.NewUnion()
		u.Add("report", f)
		expect(t, unjoined, changed(f, u.Findings()))
	})
	t.Run("set", func(t *testing.T) {
		empty := map[string]string{}
		zeros(reflect.ValueOf(d), "", empty)
		expect(t, unset, empty)
	})
}

// zeros are the parts of a document that have not been set.
func zeros(v reflect.Value, path string, list map[string]string) {
	switch {
	case v.IsZero():
		list[path] = "nothing sets it"
	case v.Kind() == reflect.Pointer:
		zeros(v.Elem(), path, list)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			zeros(v.Index(i), path, list)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			zeros(v.Field(i), strings.TrimPrefix(path+"."+name, "."), list)
		}
	}
}

// expect wants just those fields lost that have a reason.
func expect(t *testing.T, reasons, lost map[string]string) {
	t.Helper()
	for field, how := range lost {
		if reasons[field] == "" {
			t.Errorf("%s is lost, and no table says why: %s", field, how)
		}
	}
	for field := range reasons {
		if lost[field] == "" {
			t.Errorf("%s is not lost, though a table says why it is", field)
		}
	}
}

// changed are the fields in which two values differ, and how.
func changed(a, b any) map[string]string {
	d := differences{fields: map[string]string{}}
	cmp.Equal(a, b, cmp.Reporter(&d), cmp.AllowUnexported(Document{}, SystemContext{}, Capability{}))
	return d.fields
}

// differences is a cmp.Reporter.
type differences struct {
	path   cmp.Path
	fields map[string]string
}

func (d *differences) PushStep(step cmp.PathStep) { d.path = append(d.path, step) }
func (d *differences) PopStep()                   { d.path = d.path[:len(d.path)-1] }

func (d *differences) Report(result cmp.Result) {
	if !result.Equal() {
		before, after := d.path.Last().Values()
		d.fields[d.path.String()] = fmt.Sprintf("%+v became %+v", before, after)
	}
}

// filled are findings that have something else in each field, as far as a
// report can have it.
func filled(t *testing.T) *audit.Findings {
	f := &audit.Findings{}
	fill := filler{t: t}
	fill.value(reflect.ValueOf(f).Elem())
	return f
}

// filler counts up what it fills in. Capabilities have numbers of their own,
// since there are few.
type filler struct {
	t                testing.TB
	last, capability int
}

// value fills a value, and each part of it.
func (f *filler) value(v reflect.Value) {
	f.last++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.last))
	case reflect.Uint64:
		v.SetUint(uint64(f.last))
	case reflect.String:
		v.SetString(fmt.Sprint("word", f.last))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.value(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		f.value(v.Index(0))
	case reflect.Map: // the settings of the host
		v.Set(reflect.MakeMap(v.Type()))
		for _, k := range audit.SysctlKeys {
			f.last++
			v.SetMapIndex(reflect.ValueOf(k.Key), reflect.ValueOf(f.last))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.field(v, v.Type().Field(i).Name, v.Field(i))
		}
		possible(v.Addr().Interface())
	default:
		f.t.Fatalf("cannot fill a %s", v.Type())
	}
}

func (f *filler) field(of reflect.Value, name string, v reflect.Value) {
	_, ofSyscall := of.Interface().(audit.Syscall)
	switch {
	case name == "Capability", name == "Without", name == "Number" && !ofSyscall:
		f.capability++
		v.SetInt(int64(f.capability))
	case name == "Bounds": // from which StatedReach follows
		v.Set(reflect.ValueOf(&audit.Bounds{}))
	case name == "Needs", name == "Refused", name == "FileCaps":
		f.capability++
		v.Set(reflect.ValueOf([]int{f.capability}))
	default:
		f.value(v)
	}
}

// possible changes what no report has.
func possible(what any) {
	switch p := what.(type) {
	case *audit.Application: // its file has more than is recommended
		p.FilePermitted = 1 << 40
		p.Mentions = []string{"os.chroot"}
	case *audit.Subject:
		p.Kind = audit.SubjectUnit
	case *audit.Syscall:
		p.ABI = "i386"
	case *audit.SyscallOutcome: // some failure that has a name
		p.Return = -90 - p.Return%40
		p.Class = audit.Classify(p.Return)
	case *audit.Evidence:
		p.Return = -1
	case *audit.Capability: // its reason is one of the calls
		p.CallSites[0].Syscall = p.Syscall
		p.UserNamespace = audit.OnHost
	case *objects.Object:
		p.Kind, p.Mode = objects.File, "0640"
	case *audit.Denied: // which the outcomes show
		p.Assessment = audit.AssessDenialNotEstablished
	case *audit.ProgramUse: // one, and what was refused it has made
		p.StandsFor = 1
		p.RefusedSyscalls = p.Syscalls
	case *audit.Operation: // in the program's own code
		p.Object = p.Program
		p.Made = audit.MadeRefused
	case *audit.BlindSpot:
		p.Told = string(p.Kind) + ": " + p.Told
	case *audit.Findings: // a union of one program, on one kernel
		p.Merged.Applications[0].Name = p.Application.Path
		p.Merged.Kernels[0].Name = p.System.KernelVersion
		*p.StatedOperational = 1<<p.Operational[0].Number | 1<<p.Unasked[0].Number
		p.StatedReach.RuledOut = 1 << 40
		p.Held = &audit.Held{Permitted: 1 << 40, Bounding: 1 << 40}
		// and which changes its user
		*p.Stated |= *p.StatedOperational | 1<<p.Required[0].Number | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	}
}
