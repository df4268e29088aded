package p

verdict := {"action": "Abstain", "annotations": {
    "probate.dev/note.origin": sprintf("%s %s/%s", [input.guestCluster.name, tenants[0].namespace, tenants[0].name]),
    "probate.dev/note.origin-uid": tenants[0].uid,
}}

tenants := [layer | some layer in input.counterparts; layer.relation == "Virtual"]
