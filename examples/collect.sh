#!/bin/sh
# Collects a dump that probate can judge completeness by, with kubectl alone.
#
#   collect.sh DIR [CLUSTER]
#
# Writes one JSON list a kind, the API resources, and probate.yaml, which says what is whole and what is not. Needs the right to
# list what it collects; what may not be listed is stated as incomplete. Secrets, ConfigMaps and Events are never read.
# KUBECTL may name another command, such as `kubectl --context prod`.
set -u

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: $0 DIR [CLUSTER]" >&2
    exit 2
fi
dir=$1
cluster=${2:-}
kubectl=${KUBECTL:-kubectl}

if [ -e "$dir/probate.yaml" ]; then
    echo "$0: $dir holds a dump already" >&2
    exit 2
fi
mkdir -p "$dir" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The time before the first list: whatever happens later is not in the dump.
taken=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# Without the whole list of kinds nothing can be called absent.
# shellcheck disable=SC2086
if ! $kubectl api-resources --no-headers -o wide >"$work/api-resources" 2>"$work/error"; then
    cat "$work/error" >&2
    whole=no
else
    whole=yes
    cp "$work/api-resources" "$dir/api-resources.txt"
fi
if [ ! -s "$work/api-resources" ]; then
    echo "$0: the cluster does not answer" >&2
    exit 7
fi

# NAME [SHORTNAMES] APIVERSION NAMESPACED KIND VERBS; prints NAME GROUP KIND of what can be listed and matters: all custom kinds,
# and of the built-in groups those that volumes hang on.
awk '
    {
        at = 0
        for (i = 2; i <= NF; i++) if ($i == "true" || $i == "false") { at = i; break }
        if (!at) next
        group = $(at - 1)
        if (sub("/.*", "", group) == 0) group = ""
        kind = $(at + 1)
        if (("," $(at + 2) ",") !~ /,list,/) next
        known = group "/" kind
        builtin = (group ~ /^(|apps|batch|autoscaling|policy|extensions)$/ \
            || group ~ /^(admissionregistration|apiextensions|apiregistration|authentication|authorization)[.]k8s[.]io$/ \
            || group ~ /^(certificates|coordination|discovery|networking|node|resource|scheduling|storage)[.]k8s[.]io$/ \
            || group ~ /^(rbac[.]authorization|flowcontrol[.]apiserver|internal[.]apiserver|storagemigration)[.]k8s[.]io$/ \
            || group ~ /^((custom[.]|external[.])?metrics|events)[.]k8s[.]io$/)
        needed = (known ~ /^\/(PersistentVolumeClaim|PersistentVolume|Namespace|Node|Pod|ReplicationController)$/ \
            || known ~ /^apps\/(Deployment|ReplicaSet|StatefulSet|DaemonSet)$/ || known ~ /^batch\/(Job|CronJob)$/ \
            || known == "autoscaling/HorizontalPodAutoscaler" \
            || known ~ /^storage[.]k8s[.]io\/(StorageClass|VolumeAttachment)$/ || group == "snapshot.storage.k8s.io" \
            || known == "apiextensions.k8s.io/CustomResourceDefinition")
        if (builtin && !needed) next
        if (!seen[known]++) print $1, (group == "" ? "-" : group), kind
    }' "$work/api-resources" >"$work/kinds"

failed=0
: >"$work/complete"
: >"$work/incomplete"
while read -r name group kind; do
    if [ "$group" = - ]; then
        resource=$name
        full=$kind
    else
        resource=$name.$group
        full=$kind.$group
    fi
    # `-o json` writes a list even of nothing, and fails as a whole if a page fails.
    # shellcheck disable=SC2086
    if $kubectl get "$resource" --all-namespaces -o json </dev/null >"$work/list" 2>"$work/error" && [ -s "$work/list" ]; then
        mv "$work/list" "$dir/$resource.json"
        echo "$full" >>"$work/complete"
        continue
    fi
    failed=$((failed + 1))
    if grep -qi forbidden "$work/error"; then reason=Forbidden; else reason=Unreachable; fi
    echo "$full $reason" >>"$work/incomplete"
    echo "$0: no list of $full ($reason)" >&2
done <"$work/kinds"

# shellcheck disable=SC2086
uid=$($kubectl get namespace kube-system -o 'jsonpath={.metadata.uid}' 2>/dev/null) || uid=
{
    echo "apiVersion: probate.dev/v1alpha1"
    echo "kind: Dump"
    if [ -n "$cluster$uid" ]; then
        echo "cluster:"
        if [ -n "$cluster" ]; then echo "  name: \"$cluster\""; fi
        if [ -n "$uid" ]; then echo "  uid: \"$uid\""; fi
    fi
    echo "takenAt: \"$taken\""
    if [ -s "$work/complete" ]; then
        echo "complete:"
        echo "- kinds:"
        sed 's/.*/  - "&"/' "$work/complete"
    fi
    if [ -s "$work/incomplete" ]; then
        echo "incomplete:"
        sed 's/^\([^ ]*\) \(.*\)$/- kinds: ["\1"]\
  reason: \2/' "$work/incomplete"
    fi
} >"$dir/probate.yaml"

echo "$(wc -l <"$work/complete" | tr -d ' ') kinds collected into $dir, $failed not" >&2
if [ "$whole" = no ]; then
    echo "$0: the list of kinds is not whole, so nothing is known to be absent" >&2
fi
if [ "$failed" -gt 0 ] || [ "$whole" = no ]; then exit 9; fi
