package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A container is the part of a container that the manifests here set.
type container struct {
	Name, Image, TargetContainerName string
	Command                          []string
	SecurityContext                  struct {
		RunAsUser    *int
		Capabilities struct{ Add []string }
	}
	LivenessProbe *struct {
		Exec                                            struct{ Command []string }
		PeriodSeconds, TimeoutSeconds, FailureThreshold int
	}
	VolumeMounts []struct{ Name, MountPath string }
}

type podSpec struct {
	ShareProcessNamespace, HostPID  bool
	Containers, EphemeralContainers []container
	Volumes                         []struct {
		Name     string
		EmptyDir *struct{}
	}
}

// decode reads a file into a struct, with names as Kubernetes writes them, and refuses those that the struct does not
// have.
func decode(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	text, err = yaml.Marshal(lower(tree))
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// lower makes the keys of maps lower case, as package yaml expects those of fields without a tag.
func lower(tree any) any {
	switch x := tree.(type) {
	case map[string]any:
		out := make(map[string]any)
		for k, v := range x {
			out[strings.ToLower(k)] = lower(v)
		}
		return out
	case []any:
		for i := range x {
			x[i] = lower(x[i])
		}
	}
	return tree
}

// TestKubernetes checks the manifests for form: names that are known, and what the documents say of each.
func TestKubernetes(t *testing.T) {
	var pod struct {
		APIVersion, Kind string
		Metadata         struct{ Name string }
		Spec             podSpec
	}
	decode(t, "kubernetes/sidecar.yaml", &pod)
	if pod.Kind != "Pod" || !pod.Spec.ShareProcessNamespace || len(pod.Spec.Containers) != 2 ||
		pod.Spec.Containers[0].LivenessProbe == nil {
		t.Errorf("sidecar: %+v", pod)
	}
	var patch struct{ Spec podSpec }
	decode(t, "kubernetes/ephemeral.yaml", &patch)
	if len(patch.Spec.EphemeralContainers) != 1 || patch.Spec.EphemeralContainers[0].TargetContainerName == "" {
		t.Errorf("ephemeral: %+v", patch)
	}
	var set struct {
		APIVersion, Kind string
		Metadata         struct{ Name string }
		Spec             struct {
			Selector struct{ MatchLabels map[string]string }
			Template struct {
				Metadata struct{ Labels map[string]string }
				Spec     podSpec
			}
		}
	}
	decode(t, "kubernetes/daemonset.yaml", &set)
	if set.Kind != "DaemonSet" || !set.Spec.Template.Spec.HostPID ||
		set.Spec.Template.Metadata.Labels["app"] != set.Spec.Selector.MatchLabels["app"] {
		t.Errorf("daemonset: %+v", set)
	}
	all := append(append(pod.Spec.Containers, patch.Spec.EphemeralContainers...), set.Spec.Template.Spec.Containers...)
	for _, c := range all {
		if c.Name == "" || c.Image == "" {
			t.Errorf("a container without name or image: %+v", c)
		}
	}
}

func TestCompose(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Build             struct{ Context, Dockerfile, Target string }
			ShmSize           string `yaml:"shm_size"`
			ReadOnly          bool   `yaml:"read_only"`
			Command, Profiles []string
			Pid               string
			CapAdd            []string `yaml:"cap_add"`
		}
	}
	decode(t, "compose.yaml", &file)
	for name, s := range file.Services {
		if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if file.Services["look"].Pid != "service:program" {
		t.Errorf("%+v", file.Services["look"])
	}
}

// TestDockerfile: each stage that is copied from is there, and the last one has the two programs.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		f := strings.Fields(line)
		if len(f) == 4 && f[0] == "FROM" && f[2] == "AS" {
			stages[f[3]] = true
		}
		if len(f) > 1 && f[0] == "COPY" && strings.HasPrefix(f[1], "--from=") &&
			!stages[strings.TrimPrefix(f[1], "--from=")] {
			t.Errorf("no stage for %q", line)
		}
	}
}
