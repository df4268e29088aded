//! Every message code: what it means, what it comes from, and what to do. `probate codes CODE` prints it; a test holds this list
//! and the sources together.

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `PB` and four digits.
    pub code: &'static str,
    /// What it says.
    pub title: &'static str,
    /// Where it comes from and what follows.
    pub cause: &'static str,
    /// What to do.
    pub fix: &'static str,
}

const fn code(code: &'static str, title: &'static str, cause: &'static str, fix: &'static str) -> Code {
    Code { code, title, cause, fix }
}

/// The code of that name.
pub fn find(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.code.eq_ignore_ascii_case(name))
}

/// All codes, in order.
#[rustfmt::skip]
pub const CODES: &[Code] = &[
    code("PB0001", "the command line is wrong", "An unknown command or flag, or a value that does not fit.", "See `probate --help` and `probate COMMAND --help`."),
    code("PB0002", "a flag's time is none", "--as-of and --unused-since take RFC 3339 times.", "Write 2026-11-22T06:00:00Z."),
    code("PB0003", "the label selector is none", "-l takes what kubectl takes.", "Write `a=b,c!=d,e in (f,g),h,!i`."),
    code("PB0004", "an unknown name was asked for", "`schema`, `codes` or `explain` was given a name that it does not know.", "Run the command without the name: it lists them."),
    code("PB0005", "the folder cannot be made", "`init` writes into a new or empty folder only, so that nothing is overwritten.", "Name another folder, or empty this one."),
    code("PB0006", "there is no SDK", "--sdk names a folder that does not hold the crate probate-sdk.", "Give the folder sdk/rust of a checkout."),

    code("PB0007", "no object is named", "`explain` and `graph` begin with a claim or volume.", "Write pvc/NAMESPACE/NAME or pv/NAME, with CLUSTER: before it where there are several."),
    code("PB0008", "a word is no dump", "After the objects come the dumps to look in; without any, the cluster itself is asked.", "Give files, folders, archives or `-`: probate explain pvc/shop/data DUMP."),
    code("PB0009", "an earlier dump cannot be used", "--history takes whole dumps in time order, each with its own time.", "Write `takenAt` into the probate.yaml beside each, and give the oldest first."),
    code("PB0010", "a linked cluster is not named", "--link takes a name and a kubeconfig.", "Write --link rancher=rancher.yaml."),
    code("PB0011", "the archive cannot be written", "`collect` writes one archive.", "Name a file that can be written: --out dump.tar.zst."),
    code("PB0012", "the other place is none", "--to takes a namespace and a name.", "Write --to shop/data."),
    code("PB0013", "--complete names a kind that nothing reads", "It is misspelt, lacks its group, or evidence does not rest on it. The statement changes nothing.", "Write kinds as objects write them: Pod, Deployment.apps, VirtualMachine.kubevirt.io."),
    code("PB1001", "not YAML or JSON", "A part of a dump does not parse. What could not be read makes its kind incomplete, or every kind of the dump.", "Collect it again with `kubectl get … -o json`."),
    code("PB1002", "a file cannot be read", "A file or stream of a dump could not be opened or read to its end.", "Make it readable, or collect it again."),
    code("PB1003", "no Kubernetes object", "A document without apiVersion, kind or a usable name.", "Give objects as `kubectl get -o json` writes them."),
    code("PB1004", "a key occurs twice", "Which of the two counts is up to the reader, so neither does.", "Remove one of the two, or collect the object again."),
    code("PB1005", "nested too deep", "Deeper than any Kubernetes object.", "Leave the object out, and state its kind with --complete once you looked at it."),
    code("PB1006", "the file ends too early", "The file ends in the middle of a document.", "Collect it again; the disk may have been full, or kubectl interrupted."),
    code("PB1007", "the object is too large", "Larger than the API server stores.", "Leave the object out, and state its kind with --complete once you looked at it."),
    code("PB1008", "a YAML feature that kubectl never writes", "Anchors, aliases, merge keys, tags and directives are not read: they can say two things.", "Write the value out, or collect with `kubectl get -o json`."),
    code("PB1009", "a scalar with two readings", "YAML 1.1 (kubectl) and YAML 1.2 read this plain scalar differently.", "Put it in quotes if it is text, else write true, false or a plain decimal number."),
    code("PB1010", "the object has no uid", "Identity is a uid. Manifests that were never applied have none.", "Dump objects from the cluster: `kubectl get … -o yaml`."),
    code("PB1011", "one identity with two contents", "Two copies of an object differ, so neither counts and their kind is incomplete. Equal copies merge silently.", "Keep the newer copy, or take both dumps at one time."),
    code("PB1012", "the object has a wrong shape", "A field has a type that the API server would refuse.", "Dump the object again."),
    code("PB1013", "a time in an object is none", "Times in objects are RFC 3339.", "Write 2026-11-22T06:00:00Z, or dump the object again."),
    code("PB1014", "a value of a claim, volume or class is none", "A capacity, request or reclaim policy that the API server would refuse.", "Dump the object again."),
    code("PB1020", "a record names no uid", "Records match by uid. This one is not used.", "Write spec.claim.uid or spec.volume.uid."),
    code("PB1021", "two records speak of one uid", "Neither is used, and what needs one is retained.", "Keep the newer one."),
    code("PB1022", "no VolumeRecord", "A record file has a document that is neither a VolumeRecord nor its short form.", "See `probate schema record`, or write {subject: pvc/NS/NAME, unusedSince: TIME}."),
    code("PB1023", "a record's subject is not there", "The short form names its subject, and that is not in the dump.", "Mend the name, or add the dump that holds it."),
    code("PB1024", "two clusters have one name", "What is whole in one is not whole in the other, so nothing of either can go.", "Give each its own name: host=DUMP guest=DUMP."),
    code("PB1025", "layers seen hours apart", "How long something is unused or released cannot be told from two clocks or two days.", "Take the dumps of all layers within an hour."),
    code("PB1026", "dumps of one cluster of different times", "What was listed earlier may have changed since, so how long something is unused or released cannot be told.", "Take all dumps of a cluster within an hour, or give the earlier ones with --history."),
    code("PB1030", "not UTF-8", "Dumps are UTF-8.", "Save it as UTF-8; in PowerShell: `kubectl get … -o json | Out-File -Encoding utf8 FILE`."),
    code("PB1031", "the list is not whole", "Cut into pages, or without items. Its kind is incomplete.", "Collect the whole list: `kubectl get KIND -A -o json`, without --limit."),
    code("PB1032", "the dump's probate.yaml cannot be used", "It is not `kind: Dump`, or has an unknown field.", "See `probate schema dump`."),
    code("PB1033", "no objects in parts of a bundle", "Documents or files of a bundle hold no Kubernetes object. They are ignored.", "Nothing, unless you miss something."),
    code("PB1034", "a link or special file", "It is never followed or opened.", "Put the file itself into the dump."),
    code("PB1035", "an unsafe path in an archive", "A member with an absolute path or with `..`.", "Put the file itself into the dump."),
    code("PB1036", "the file changed while it was read", "What was read may be half old, half new.", "Run again when nothing writes to it."),
    code("PB1037", "unpacks to absurdly much", "A bomb, or archives within archives.", "Unpack it yourself and give the folder."),
    code("PB1038", "the list of API resources is not whole", "It cannot prove that a kind is absent.", "Collect it with `kubectl api-resources --no-headers -o wide`."),
    code("PB1039", "an error answer of the API server", "A Status in place of objects. Its kind is incomplete.", "Collect it again with an account that may list the kind."),
    code("PB1040", "a statement of a dump about a kind that nothing reads", "It is misspelt, lacks its group, or evidence does not rest on it. The statement changes nothing.", "Write kinds as objects write them: Pod, Deployment.apps, VirtualMachine.kubevirt.io."),

    code("PB2000", "the policy cannot be read", "The file is not there, not readable or no text.", "Give a manifest, a folder of them, a .rego or a .wasm file."),
    code("PB2001", "the manifest is not valid", "It does not parse, or has an unknown field or a wrong type.", "See `probate schema policy`."),
    code("PB2002", "the manifest contradicts itself", "What types cannot say: two programs, no source, a missing digest, a negative time, Enforce without selection.", "The message says which; see the README on manifests."),
    code("PB2003", "going beyond Audit needs a selection", "Naming namespaces or classes is the opt-in to deletes.", "Name match.namespaces, match.namespaceSelector or match.storageClasses."),
    code("PB2005", "a RetentionPolicy may not read that", "`counterparts` and `guestCluster` speak of other namespaces and layers.", "Use a ClusterRetentionPolicy, or leave it out."),
    code("PB2006", "two policies of one name", "Which one decides would depend on the order.", "Give each a name of its own, or name the files you mean."),
    code("PB2007", "no policy is here", "The path holds no manifest and no program that counts.", "Give a manifest, a folder of them, a .rego or a .wasm file; `probate init rego DIR` makes one."),
    code("PB2008", "the digest cannot be written", "`check --update` edits the manifest's text and leaves everything else as it is.", "Write spec.program.digest yourself."),
    code("PB2010", "no Settings", "The file of --settings is not one document of kind: Settings.", "See `probate schema settings`."),
    code("PB2100", "the Rego does not parse or resolve", "A syntax error, an unknown name, an import that does not exist, `with` outside tests.", "The message has file, line and column."),
    code("PB2101", "there is no one `verdict`", "The entry point is the complete rule `verdict` of one package.", "Write `verdict := … if { … }`, or name program.rego.package."),
    code("PB2102", "the built-in is refused or unknown", "What reaches the network, the clock or randomness is refused; an unknown function would be undefined, and under `not` true.", "Use input.now and data.probate; the message names a replacement."),
    code("PB2103", "a rule depends on itself", "Rego has no recursion.", "Break the cycle that the message names."),
    code("PB2104", "a default deletes", "What no rule speaks of must stay.", "Delete in a rule with conditions only."),
    code("PB2105", "the evidence has no such path", "A misspelt field would be undefined, and under `not` that says delete.", "Use the path that the message suggests; see the evidence reference."),
    code("PB2106", "the whole input is read", "Any unknown fact then keeps the policy from being asked.", "Read the paths you need."),
    code("PB2107", "a rule that can delete reads the trigger", "Before each step the subject is evaluated again with trigger Scan.", "Decide on facts, not on what woke the controller."),
    code("PB2108", "an absent value under `not`", "Engines differ on it: undefined in one, true in another.", "Bind the value first, then negate."),
    code("PB2109", "a comparison of two sorts of values", "Rego orders numbers before text, so that a number beside text compares always alike, without an error.", "Compare seconds and bytes with numbers; `probate.duration` and `probate.bytes` make them of text."),
    code("PB2110", "a verdict that could never be one", "It has an unknown key or action, no reason, or a rule that is no name. Where its rule answers, that is a failure, which retains.", "Mend it as the message says; `probate schema verdict` has all keys."),
    code("PB2111", "an argument of the wrong sort", "A function of data.probate is given text for a number, the other way round, or text that it cannot read: always an error, hence a retain.", "Write it as in the message's example."),
    code("PB2112", "a word that the evidence never holds", "A field that holds one of a few words is compared with another word: `==` never holds then, and `not` or `!=` always.", "Use a word that the message or `probate schema evidence` lists."),
    code("PB2113", "a kind that was probably meant otherwise", "A policy names a kind that nothing known has, and that is nearly one. Custom kinds may be named so; a slip would make a rule that keeps keep nothing.", "Write kinds as they stand in objects: `VirtualMachine`, in the singular, without the group."),
    code("PB2201", "no Wasm component", "The file is not a component, or a core module.", "Build with `--target wasm32-wasip2` and the SDK."),
    code("PB2202", "the component imports what it may not", "Policies have no network, files, environment or clock; only wasi:cli, io, clocks, random and an empty filesystem are met.", "Remove the dependency that imports it."),
    code("PB2203", "the component speaks no version we know", "It does not export probate:policy/policy in a version of this host.", "Build with the SDK of this version."),
    code("PB2204", "the module is too large", "Its size or one of its functions is over the limit, since compiling cannot be interrupted.", "Build with --release, opt-level and lto; split the function."),
    code("PB2301", "the parameters' schema is wrong", "`parameters_schema` is no constant schema of the kinds that are allowed.", "Use type, properties, required, default, enum, items, minimum, maximum, minLength, maxLength, pattern."),
    code("PB2302", "the parameters do not fit", "spec.parameters and the policy's schema disagree. The policy does not load: see PB3001.", "Set them as `probate check -o wide` shows the schema."),

    code("PB3001", "the program does not load", "Its retain vote holds everything that it selects; one that only annotates (actions: [Annotate]) annotates nothing.", "Mend what the message says; `probate check` tells."),
    code("PB3002", "the program imports what it may not", "See PB2202.", "Remove the dependency that imports it."),
    code("PB3003", "the file is no component", "See PB2201.", "Build with `--target wasm32-wasip2`."),
    code("PB3004", "the program is too large", "See PB2204.", "Make it smaller."),
    code("PB3005", "the program speaks another version", "See PB2203.", "Build with the SDK of this version."),
    code("PB3006", "the program is not the one of the digest", "The manifest pins a program, and its files have changed.", "If the change is meant: `probate check --update`."),
    code("PB3007", "the parameters do not fit", "See PB2302.", "Set spec.parameters as the policy's schema asks."),
    code("PB3008", "the program refused its parameters", "`configure` answered an error.", "The message is the program's own."),
    code("PB3009", "the policy answered an error", "A built-in failed, two bodies disagreed, or the program returned an error. Its subject stays.", "`probate explain OBJECT` shows where."),
    code("PB3010", "the policy trapped", "It panicked or did what a sandbox does not allow. Its subject stays.", "`probate explain OBJECT` shows its last words."),
    code("PB3011", "the policy ran out of fuel", "It computes more than limits.fuelPerCall and fuelPerInputByte allow. Its subject stays.", "Make it cheaper, or raise spec.limits."),
    code("PB3012", "the policy ran out of memory", "It wants more than limits.memoryBytes. Its subject stays.", "Make it smaller, or raise spec.limits."),
    code("PB3013", "the policy recursed too deep", "It used up its stack. Its subject stays.", "Recurse less."),
    code("PB3014", "the answer is too large", "It is over limits.outputBytes. Its subject stays.", "Answer less."),
    code("PB3015", "the answer is no verdict", "An unknown key or action, no reason, or text in place of an object. Its subject stays.", "See `probate schema verdict`."),
    code("PB3016", "asked again, the policy answered otherwise", "An answer may depend on its own evidence and parameters alone.", "Keep no state between calls."),
    code("PB3017", "on full evidence the policy answered otherwise", "It depends on something that it does not declare to read.", "Declare the facts in `describe`, or read paths in place of the whole."),

    code("PB5001", "a policy selects nothing", "Its match and subjects fit no claim and no volume that is shown.", "Look at spec.match, spec.subjects, -n and -l."),
    code("PB5002", "the dumps hold no claim and no volume", "There is nothing to decide about.", "Add the output of: kubectl get pvc,pv -A -o json"),
    code("PB5003", "the dumps hold no Pod", "Claims that Pods use look unused. Unless the list of Pods is stated complete, nothing is deleted.", "Add the output of: kubectl get pods -A -o json"),
    code("PB5004", "a policy that may delete selects everything", "It names neither namespaces nor classes nor labels.", "Name them before going beyond Audit."),
    code("PB5005", "a policy annotates and has not declared it", "Its verdicts hold annotations, and its manifest's actions lack Annotate. None of them is written.", "Add Annotate to spec.actions, or leave the annotations out."),

    code("PB6001", "no cluster to talk to", "There is no kubeconfig, no context of that name, and this is no pod.", "Give --context or --kubeconfig."),
    code("PB6002", "the API server refused or did not answer", "What was asked stands in the message. Nothing was changed unless it says so.", "Look at the account's rights (`probate rbac`), and at the API server."),
    code("PB6003", "the API server's answer cannot be used", "A document is not what its kind should be, or several writers were faster all the time.", "Look at the object that is named."),
    code("PB6010", "the plan deletes nothing", "There is nothing to approve.", "Look at `probate plan`."),
    code("PB6011", "the plan is stale", "An object that it names is gone, was replaced or has changed.", "Plan again."),
    code("PB6012", "no plan", "`apply` takes a PlanReport whose digest is its own.", "Give what `probate plan --context … -o json` prints."),
    code("PB6020", "nothing of that name is in quarantine", "It was never taken, was restored, or was purged.", "See `probate status`."),
    code("PB6021", "several volumes had that claim", "A claim of that name was taken more than once.", "Name the volume: probate restore pv/NAME."),
    code("PB6022", "the restore is held", "Something forbids it; the volume stays as it is.", "Mend what is named, or give another place with --to."),
    code("PB7001", "a decision log cannot be read", "The file is not there, not readable, or has a line longer than any that is written.", "Name the file, or `-` for standard input."),
    code("PB7002", "no line of a decision log", "It does not parse, or lacks chain, sequence, previous or hash. Other output mixed into the log looks like this, and so does a line that was spoilt.", "Give the log alone, as it was written."),
    code("PB7003", "a line was changed", "Its hash is not that of what it holds, or it is spelt otherwise than it was written.", "Compare it with another copy; what it says is not what was decided."),
    code("PB7004", "lines are missing", "Sequences of a chain have no gaps, and its first line is 1.", "Give all files in order; where older ones were put away, give the hash of their last line with --after."),
    code("PB7005", "lines are out of order or there twice", "A chain's sequence only grows.", "Give each file once, in the order in which they were written."),
    code("PB7006", "a line does not follow the one before it", "It names another hash as the previous one: a line of another history was put in its place.", "Compare with another copy."),
    code("PB7007", "no chain ends in the anchor", "The hash of --head is not that of a last line: the end was cut off, or it is of another log.", "Give the newest file too, and the newest anchor."),
    code("PB7008", "a line cannot be decided again", "It is of another version, or does not hold all that a decision is made of.", "Use the version of probate that wrote it."),
    code("PB7009", "another engine decided", "The line was written by another version of probate or of the Rego guest. That alone is no difference.", "Where something differs, replay with that version too."),
    code("PB7010", "an answer is taken from the line", "The run and not the evidence made it: the sandbox's own failure, a policy that was not pure, or one that was not asked any more.", "Nothing; all else is decided again."),
    code("PB7011", "the line does not record what a policy reads", "A line holds the facts that its own policies and the guards read. What another policy reads beside them counts as unknown.", "Decide on a dump with `probate diff` to compare policies on everything."),
    code("PB7012", "the decision log cannot be written", "The file of --log cannot be made.", "Name a file in a folder that is there."),
    code("PB7013", "a chain follows one that is not here", "Its first line names the head of an older chain, and no line here has that hash.", "Give the older files too, or the hash with --after."),
    code("PB7014", "a case's line is decided otherwise", "`test --replay` decides each case again from the line that a log would hold.", "Report it: a line must hold all that a decision is made of."),

    code("PB8001", "no test is here", "The path holds no PolicyTest and no *_test.rego, or cannot be read.", "See `probate init rego DIR` for one."),
    code("PB8002", "the suite is not valid", "It does not parse, or has an unknown field or a wrong type.", "See `probate schema test`."),
    code("PB8003", "a case without expect", "It could never fail.", "Write what is expected, or run `probate test --update`."),
    code("PB8004", "no policy selects the case's subject", "Nothing would be tested.", "See match and subjects of the manifest, or name another subject."),
    code("PB8005", "the case's subject is not in its world", "It is not there, or in several clusters.", "Mend `when`; with several clusters write CLUSTER: before it."),
    code("PB8006", "an expectation that cannot be compared", "Whose verdict is meant is not said, or there is no decision.", "See `probate schema test`."),
    code("PB8007", "a case without a time", "Neither it nor its suite nor a dump says when it is.", "Write now: \"2026-11-22T06:00:00Z\"."),
    code("PB8008", "an input that is no evidence", "An `input` case replaces keys of an example, and the result must be evidence.", "See `probate schema evidence`."),
    code("PB8009", "a name that is no object of the world", "`when`, `patch` or `remove` names what is not there.", "Write KIND[.GROUP]/[NS/]NAME as in the world."),
    code("PB8010", "a variant that cannot be used or differs", "Its program is missing, does not load, or answers otherwise than the policy.", "Build it (`cargo xtask twins` for the shipped ones), or mend the one that is wrong."),
    code("PB8011", "a reason that is no regular expression", "Text between slashes is one.", "Mend the expression, or leave the slashes out."),
    code("PB8012", "objects or records that cannot be used", "They lack apiVersion, kind or a name, or are there twice.", "The message says which."),
    code("PB8013", "native tests that cannot be used", "They do not load, or stand beside no policy.", "Put *_test.rego beside the policy that it tests."),
    code("PB8014", "a suite's policy that cannot be used", "It is not there, not valid, or named twice.", "Mend `policies`."),
    code("PB8016", "settings that are none", "`settings` holds the spec of Settings.", "See `probate schema settings`."),
    code("PB8017", "too few lines were reached", "Coverage is below --threshold.", "Add cases for the lines that --coverage shows."),
    code("PB8018", "no test ran", "There is none, or none whose name matches --run.", "Look at the path and the expression; --allow-empty makes it no failure."),
    code("PB8019", "an expectation is not rewritten", "A Retain would become a Delete, or the text cannot be edited.", "If the delete is meant: --accept-deletes."),
    code("PB8020", "a native test is not true", "A test_ rule is undefined or false, errs, or meets a limit.", "Mend the rule or the test; `probate test -o wide` shows its prints."),
    code("PB8021", "a kind of `incomplete` that nothing reads", "It is misspelt or lacks its group, so that the case would show nothing.", "Write kinds as objects write them: Pod, Deployment.apps, VirtualMachine.kubevirt.io."),
    code("PB8022", "an expectation that nothing checks", "A case with a table runs only its rows; each of them expects something of its own under that key.", "Make it a case without a table, and the rows another one."),
    code("PB8023", "two cases of one name", "--run and reports cannot tell them apart.", "Name each case for what it shows."),

    code("PB9001", "our fault", "Something happened that never should.", "Report it with the message and, if you may, the input."),
];

#[cfg(test)]
mod tests {
    use super::CODES;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn written(text: &str) -> impl Iterator<Item = &str> {
        text.split('"').filter(|word| {
            word.len() == 6
                && word.starts_with("PB")
                && word.bytes().skip(2).all(|byte| byte.is_ascii_digit())
        })
    }

    #[test]
    fn every_code_of_the_sources_is_here_and_the_other_way_round() {
        let root = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../..");
        let mut used = BTreeSet::new();
        for folder in
            ["host/core", "host/sandbox", "host/rego", "host/cluster", "host/probate", "sdk/contract"]
        {
            for entry in walkdir::WalkDir::new(root.join(folder).join("src")) {
                let entry = entry.unwrap();
                let source = entry.path().extension().is_some_and(|extension| extension == "rs");
                if source && !entry.path().ends_with("src/codes.rs") {
                    let text = std::fs::read_to_string(entry.path()).unwrap();
                    used.extend(written(&text).map(str::to_owned));
                }
            }
        }
        let listed: BTreeSet<String> = CODES.iter().map(|code| code.code.to_owned()).collect();
        let difference: Vec<&String> = used.symmetric_difference(&listed).collect();
        assert!(difference.is_empty(), "either only used or only listed: {difference:?}");
        assert_eq!(listed.len(), CODES.len(), "a code is listed twice");
        assert!(CODES.is_sorted_by_key(|code| code.code));
    }
}
