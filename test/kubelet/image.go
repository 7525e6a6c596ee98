package kubelet

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// object is one of JSON.
type object map[string]any

// archive is an image layout (OCI) in the making.
type archive struct {
	*tar.Writer
	failed error
}

func (a *archive) file(name string, text []byte) {
	err := a.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text))})
	if err == nil {
		_, err = a.Write(text)
	}
	if a.failed == nil {
		a.failed = err
	}
}

// blob adds one, and describes it.
func (a *archive) blob(kind string, text []byte) object {
	sum := fmt.Sprintf("%x", sha256.Sum256(text))
	a.file("blobs/sha256/"+sum, text)
	return object{"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + sum,
		"size": len(text)}
}

func text(o object) []byte {
	raw, _ := json.Marshal(o) // of strings and numbers
	return raw
}

// imageOf is Image as an archive, and the digest of its manifest. Without a command it sleeps.
func imageOf(t *testing.T, layer []byte) (raw []byte, digest string) {
	t.Helper()
	var b bytes.Buffer
	a := &archive{Writer: tar.NewWriter(&b)}
	described := a.blob("layer.v1.tar", layer)
	config := a.blob("config.v1+json", text(object{"architecture": runtime.GOARCH, "os": "linux",
		"config": object{"Env": []string{"PATH=/usr/bin:/bin"},
			"Entrypoint": []string{"/bin/busybox", "sleep", "1000000"}},
		"rootfs": object{"type": "layers", "diff_ids": []any{described["digest"]}}}))
	manifest := a.blob("manifest.v1+json", text(object{"schemaVersion": 2,
		"mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
		"layers": []object{described}}))
	_, tag, _ := strings.Cut(Image, ":")
	manifest["annotations"] = object{"org.opencontainers.image.ref.name": tag}
	a.file("index.json", text(object{"schemaVersion": 2, "manifests": []object{manifest}}))
	a.file("oci-layout", text(object{"imageLayoutVersion": "1.0.0"}))
	if err := a.Close(); err != nil || a.failed != nil {
		t.Fatal(err, a.failed)
	}
	return b.Bytes(), manifest["digest"].(string)
}
