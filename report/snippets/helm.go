package snippets

// Helm is values for charts that have the context of their container under this name, as
// those of helm create do.
func Helm(a Advice) string {
	return `# For a second -f of helm install or upgrade. Some charts have another name
# for it, as containerSecurityContext: see their values.
` + ofKubernetes(a) + securityContext(a, addsNone)
}
