# METADATA
# title: Keep what is marked
# description: Keeps what carries one of the given labels or annotations, itself or its namespace, with any value but "false".
# custom: {version: 1.0.0}
package keep

parameters_schema := {"type": "object", "properties": {"keys": {
	"type": "array",
	"items": {"type": "string", "minLength": 1},
	"default": ["probate.dev/keep"],
}}}

verdict := {"action": "Retain", "reason": sprintf("label %s asks to keep it", [sort(labels)[0]]), "rule": "label"} if {
	count(labels) > 0
} else := {"action": "Retain", "reason": sprintf("annotation %s asks to keep it", [sort(annotations)[0]]), "rule": "annotation"} if {
	count(annotations) > 0
} else := {"action": "Retain", "reason": sprintf("%s of its namespace asks to keep it", [sort(of_namespace)[0]]), "rule": "namespace"} if {
	count(of_namespace) > 0
}

labels contains key if {
	some key in input.parameters.keys
	input.subject.labels[key] != "false"
}

annotations contains key if {
	some key in input.parameters.keys
	input.subject.annotations[key] != "false"
}

of_namespace contains sprintf("label %s", [key]) if {
	some key in input.parameters.keys
	input.namespace.labels[key] != "false"
}

of_namespace contains sprintf("annotation %s", [key]) if {
	some key in input.parameters.keys
	input.namespace.annotations[key] != "false"
}
