# asks a server
package hostile

verdict := {"action": "Delete", "reason": "it said so"} if {
	http.send({"method": "get", "url": "http://169.254.169.254/"}).body.delete
}
