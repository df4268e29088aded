# Who refers to it, by the helpers.
package referenced_by

import data.probate

verdict := {"action": "Retain", "reason": "pod", "rule": "pod"} if probate.referenced_by("Pod")

else := {"action": "Retain", "reason": "stopped machine", "rule": "stopped-machine"} if probate.referenced_as("VirtualMachine", "Stopped")

else := {"action": "Delete", "reason": "left", "rule": "left"}
