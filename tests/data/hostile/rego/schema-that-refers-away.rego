# a schema that refers to another machine
package hostile

parameters_schema := {"$ref": "http://example.com/schema.json"}

verdict := {"action": "Delete", "reason": input.now}
