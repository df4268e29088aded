#!/bin/sh
# Checks and tests policies in CI, and shows what a change of them would do to the last dump.
#   test-policies.sh POLICIES DUMP [BASE]     BASE: the policies as they are on the main branch
set -eu

policies=$1
dump=$2
base=${3:-}

probate check "$policies"
probate test "$policies" --coverage --threshold 95 -o junit >policy-tests.xml

# 0: same decisions, 1: some change. Both are fine here; anything else is a failure.
if [ -n "$base" ]; then
	probate diff "$dump" -p "$policies" --against "$base" || [ $? -eq 1 ]
fi

# Exit 20: there are changes to review, which is no failure of the pipeline.
probate plan "$dump" -p "$policies" -o markdown --detailed-exitcode >plan.md || [ $? -eq 20 ]
