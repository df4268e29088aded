//! What is refused at load: code, place and fix.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{load, loaded, request, show};
use probate_contract::Diagnostic;
use probate_contract::rego::Purpose;

const DELETE: &str = r#"{"action": "Delete", "reason": "r"}"#;

/// Loads `package p`, a verdict that deletes where `rule` holds, and `rule` itself from line 3 on.
fn with_rule(rule: &str) -> Result<probate_rego::Session, Vec<Diagnostic>> {
    load(&format!("package p\nverdict := {DELETE} if rule\n{rule}\n"))
}

fn first(result: Result<probate_rego::Session, Vec<Diagnostic>>, about: &str) -> Diagnostic {
    match result {
        Ok(_) => panic!("it loads: {about}"),
        Err(diagnostics) => diagnostics.into_iter().next().unwrap(),
    }
}

#[test]
fn a_rule_is_refused_with_code_place_and_fix() {
    // Rule, code, line and column, a part of message or fix.
    let cases: &[(&str, &str, (u64, u64), &str)] = &[
        ("rule if http.send({}).status_code == 200", "PB2102", (3, 9), "no network"),
        ("rule if opa.runtime().env.HOME", "PB2102", (3, 9), "no environment"),
        ("rule if rand.intn(\"a\", 5) == 1", "PB2102", (3, 9), "no randomness"),
        ("rule if uuid.rfc4122(\"a\") == \"b\"", "PB2102", (3, 9), "no randomness"),
        ("rule if startwith(\"a\", \"b\")", "PB2102", (3, 9), "did you mean `startswith`?"),
        ("rule if data.probate.dais(3) > 1", "PB2102", (3, 9), "did you mean `data.probate.days`?"),
        ("rule if startswith(\"a\")", "PB2102", (3, 9), "takes 2 arguments, not 1"),
        ("rule if f(1)\nf(x) if f(x + 1)", "PB2103", (4, 1), "data.p.f -> data.p.f"),
        ("rule if a\na if b\nb if a", "PB2103", (4, 1), "data.p.a -> data.p.b -> data.p.a"),
        ("rule if some x in rule_set\nrule_set contains x if some x in rule_set", "PB2103", (4, 1), "itself"),
        ("rule if verdict.action == \"Delete\"", "PB2103", (3, 1), "data.p.rule -> data.p.verdict"),
        (
            "rule if input.usage.unusedSecond > 5",
            "PB2105",
            (3, 9),
            "did you mean `input.usage.unusedSeconds`?",
        ),
        ("rule if not input.namspace", "PB2105", (3, 13), "did you mean `input.namespace`?"),
        ("rule if input.now.year == 5", "PB2105", (3, 9), "`input.now.year`"),
        ("rule if input[\"usage\"][\"stat\"] == 1", "PB2105", (3, 9), "did you mean `input.usage.state`?"),
        ("rule if object.get(input, [\"usage\", \"stat\"], 1) == 1", "PB2105", (3, 9), "input.usage.state"),
        ("rule if object.get(input.usage, \"stat\", 1) == 1", "PB2105", (3, 9), "input.usage.state"),
        (
            "rule if {\n\tns := input.namespace\n\tns.lables.env == \"a\"\n}",
            "PB2105",
            (5, 2),
            "input.namespace.labels",
        ),
        (
            "rule if {\n\tsome r in input.references\n\tr.stat == \"a\"\n}",
            "PB2105",
            (5, 2),
            "`input.references._.state`",
        ),
        (
            "rule if {\n\tevery r in input.references {\n\t\tr.stat == \"a\"\n\t}\n}",
            "PB2105",
            (5, 3),
            "references._.state",
        ),
        ("rule if input.references[_].stat == \"a\"", "PB2105", (3, 9), "references._.state"),
        ("rule if input.references[0].stat == \"a\"", "PB2105", (3, 9), "references._.state"),
        ("rule if input.references.state == \"a\"", "PB2105", (3, 9), "`input.references.state`"),
        ("rule if \"a\" in {r.stat | some r in input.references}", "PB2105", (3, 17), "references._.state"),
        ("rule if ns.lables.env\nns := input.namespace", "PB2105", (3, 9), "input.namespace.labels"),
        ("rule if f(1)\nf(_) if input.clam.phase == \"Bound\"", "PB2105", (4, 9), "input.claim"),
        ("rule if input.usage.unusedSeconds < \"30d\"", "PB2109", (3, 9), "compare numbers with numbers"),
        ("rule if 30 <= input.usage.unusedSince", "PB2109", (3, 9), "is text"),
        ("rule if input.usage.referenced == \"true\"", "PB2109", (3, 9), "is true or false"),
        ("rule if input.usage.unusedSeconds > input.usage.unusedSince", "PB2109", (3, 9), "is a number and"),
        (
            "rule if {\n\tsome r in input.references\n\tr.stateSeconds > \"7\"\n}",
            "PB2109",
            (5, 2),
            "`r.stateSeconds` is a number",
        ),
        ("rule if age > \"9\"\nage := input.subject.ageSeconds", "PB2109", (3, 9), "`age` is a number"),
        ("rule if not startswith(input.subject.labels.app, \"a\")", "PB2108", (3, 24), "bind it first"),
        ("rule if not input.usage.unusedSeconds > 5", "PB2108", (3, 13), "bind it first"),
        ("rule if not input.namespace.name != \"a\"", "PB2108", (3, 13), "input.namespace.name"),
        ("rule if not \"a\" in input.claim.accessModes", "PB2108", (3, 20), "input.claim.accessModes"),
        ("rule if not 5 < f(input.usage.unusedSeconds)\nf(x) := x", "PB2108", (3, 19), "unusedSeconds"),
        ("rule if not 5 < f(6)\nf(x) := x if x > 7", "PB2108", (3, 17), "`f(6)`"),
        ("rule if not f(6) == 6\nf(x) := x if x > 7", "PB2108", (3, 13), "`f(6)`"),
        ("rule if not f(input.claim)\nf(x) := x.phase", "PB2108", (3, 15), "input.claim"),
        ("rule if not startswith(env, \"a\")\nenv := input.namespace.labels.env", "PB2108", (3, 24), "`env`"),
        (
            "rule if not startswith(env, \"a\")\nenv := \"a\" if input.usage.referenced",
            "PB2108",
            (3, 24),
            "`env`",
        ),
        (
            "rule if {\n\tsome r in input.references\n\tnot startswith(r.group, \"a\")\n}",
            "PB2108",
            (5, 17),
            "r.group",
        ),
        ("rule if not [input.claim.phase] == [\"a\"]", "PB2108", (3, 14), "input.claim.phase"),
        ("rule if not input.subject.labels[input.claim.name]", "PB2108", (3, 34), "input.claim.name"),
        ("rule if not input.references[_].state == \"Active\"", "PB2108", (3, 13), "`_`"),
        (
            "rule if not object.get(input.namespace.labels, \"a\", \"b\") == \"b\"",
            "PB2108",
            (3, 24),
            "input.namespace.labels",
        ),
        ("rule if count([1 | not input.usage.unusedSeconds > 5]) > 0", "PB2108", (3, 24), "bind it first"),
        ("rule if not data.probate.gone_seconds(\"VirtualMachine\") > 5", "PB2108", (3, 13), "gone_seconds"),
        ("rule if input.usage.referenced with input.usage.referenced as false", "PB2100", (3, 32), "`with`"),
        ("rule if data.config.limit > 5", "PB2100", (3, 9), "no data documents"),
        ("rule if count(data) > 5", "PB2103", (3, 1), "itself"),
        ("rule if data.p.rul", "PB2100", (3, 9), "did you mean `data.p.rule`?"),
        ("rule if data.probate.example.claim", "PB2100", (3, 9), "`*_test.rego`"),
        ("rule if inpt.usage.referenced", "PB2100", (3, 9), "did you mean `input`?"),
        ("rule if {\n\tinput := {}\n\tinput.usage\n}", "PB2100", (4, 11), "cannot be shadowed"),
        ("rule if f({})\nf(input) if input.usage", "PB2100", (4, 3), "hides `input`"),
        ("rule if {\n\t1 +\n}", "PB2100", (5, 1), ""),
        ("rule { true }", "PB2100", (3, 6), "`if` keyword is required"),
        ("rule if [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]", "PB2100", (3, 23), "rules of their own"),
        (
            "rule := true\ndefault verdict := {\"action\": \"Delete\", \"reason\": \"r\"}",
            "PB2104",
            (4, 9),
            "data.p.verdict",
        ),
        ("rule := true\nparameters_schema := {\"a\": input.now}", "PB2301", (4, 1), "parameters_schema"),
        ("rule := true\nparameters_schema := [1]", "PB2301", (4, 1), "a list"),
        ("rule if input.parameters.days > 5", "PB2105", (3, 9), "declare it: parameters_schema := {"),
        ("rule if not input.parameters.keep", "PB2105", (3, 13), "there is no parameter `keep`"),
        ("rule if data.probate.days(\"30\") > 5", "PB2111", (3, 28), "wants a number, and `\"30\"` is text"),
        ("rule if data.probate.passed(5)", "PB2111", (3, 29), "write it as probate.passed("),
        (
            "rule if data.probate.bytes(input.subject.bytes) > 5",
            "PB2111",
            (3, 28),
            "`probate.bytes` wants text",
        ),
        ("rule if data.probate.bytes(\"10GB\") > 5", "PB2111", (3, 9), "cannot read \"10GB\""),
        ("rule if data.probate.duration(\"1 month\") > 5", "PB2111", (3, 9), "in that order"),
        ("rule if data.probate.passed(\"2026-11-01\")", "PB2111", (3, 9), "seconds and a zone"),
        ("rule if data.probate.referenced_as(\"Pod\", \"Activ\")", "PB2111", (3, 9), "states are Active"),
        (
            "rule if data.probate.referenced_as(input.claim.name, \"Activ\")",
            "PB2111",
            (3, 9),
            "cannot read \"Activ\"",
        ),
        ("rule if input.usage.state == \"Stoped\"", "PB2112", (3, 31), "did you mean \"Stopped\"?"),
        ("rule if \"retain\" != input.retention.effective", "PB2112", (3, 10), "did you mean \"Retain\"?"),
        (
            "rule if input.usage.state in {\"Stopped\", \"Elsewhere\"}",
            "PB2112",
            (3, 43),
            "it is one of Active",
        ),
        (
            "rule if {\n\tsome s in input.snapshots\n\ts.type == \"backup\"\n}",
            "PB2112",
            (5, 13),
            "did you mean \"Backup\"?",
        ),
        (
            "rule if input.subject.bytes < input.parameters.most\nparameters_schema := {\"type\": \"object\", \"properties\": {\"most\": {\"type\": \"string\"}}}",
            "PB2109",
            (3, 9),
            "`input.parameters.most` is text",
        ),
        (
            "rule if not data.probate.snapshot_within(input.parameters.age)\nparameters_schema := {\"type\": \"object\", \"properties\": {\"age\": {\"type\": \"integer\"}}}",
            "PB2108",
            (3, 42),
            "may be absent",
        ),
    ];
    let mut wrong = String::new();
    for (rule, code, place, part) in cases {
        let diagnostic = first(with_rule(rule), rule);
        let text = diagnostic.to_string();
        let found = (diagnostic.line.unwrap_or(0), diagnostic.column.unwrap_or(0));
        let right = diagnostic.code == *code
            && found == *place
            && diagnostic.file.as_deref() == Some("p.rego")
            && diagnostic.fix.as_ref().is_some_and(|fix| !fix.is_empty())
            && text.contains(part);
        if !right {
            wrong.push_str(&format!("{rule}\n  expected {code} at {place:?} with {part}\n  {text}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_engines_agree_on_is_not_refused() {
    let cases = [
        "rule if not input.namespace",
        "rule if not input.namespace.labels.env",
        "rule if not input.namespace.labels.env == \"prod\"",
        "rule if not \"prod\" == input.namespace.labels.env",
        "rule if not input.subject.ageSeconds > 5",
        "rule if not startswith(input.subject.name, \"a\")",
        "rule if not startswith(\"a\", \"b\")",
        "rule if not helper\nhelper if startswith(input.subject.labels.app, \"a\")",
        "rule if not f(5)\nf(x) if x > 6",
        "rule if {\n\tapp := input.subject.labels.app\n\tnot startswith(app, \"a\")\n}",
        "rule if {\n\tsome r in input.references\n\tnot r.state in {\"Active\", \"Stopped\"}\n\tnot r.kind == \"Pod\"\n}",
        "rule if not \"Present\" in {c.state | some c in input.counterparts}",
        "rule if not count(input.references) > 0",
        "rule if not input.subject.bytes > limit\nlimit := 5",
        "rule if not input.subject.bytes > limit\nlimit := 5 if input.usage.referenced else := 6",
        "rule if not input.subject.bytes > limit\ndefault limit := 6\nlimit := 5 if input.usage.referenced",
        "rule if not input.subject.name in names\nnames contains r.name if some r in input.references",
        "rule if not input.subject.ageSeconds > data.probate.days(30)",
        "rule if not data.probate.referenced_by(\"VirtualMachine\")",
        "rule if not data.probate.referenced_as(\"VirtualMachine\", \"Stopped\")",
        "rule if not data.probate.snapshot_within(data.probate.days(1))",
        "rule if not data.probate.since(input.subject.createdAt) > 5",
        "rule if not object.get(input.subject.labels, \"a\", \"b\") == \"b\"",
        "rule if every r in input.references { r.state == \"Finished\" }",
        "rule if {\n\tsome key, value in input.subject.labels\n\tstartswith(key, value)\n}",
        "rule if input.subject.object.spec.anything.goes == 5",
        "rule if input.subject.annotations[\"probate.dev/expires-at\"]",
        "rule if input.parameters.any.thing\nparameters_schema := {\"type\": \"object\", \"properties\": {\"any\": {\"type\": \"object\"}}}",
        "rule if input.claim.dataSource.kind == \"VolumeSnapshot\"",
        "rule if not data.probate.snapshot_within(input.parameters.age)\nparameters_schema := {\"type\": \"object\", \"properties\": {\"age\": {\"type\": \"integer\", \"default\": 5}}}",
        "rule if not data.probate.snapshot_within(input.parameters.age)\nparameters_schema := {\"type\": \"object\", \"required\": [\"age\"], \"properties\": {\"age\": {\"type\": \"integer\"}}}",
        "rule if data.probate.duration(\"1w12h\") < data.probate.since(\"2026-11-22T06:00:00Z\")",
        "rule if input.usage.state in {\"Stopped\", \"None\"}",
        "rule if input.kind == \"Evidence\"",
        "rule if input.subject.labels[input.claim.name] == \"x\"",
        "rule if time.now_ns() > 5",
        "rule if [x, y] = [1, input.subject.bytes]",
        "rule if {\n\tinput.references[i].state == \"Active\"\n\tinput.references[i].kind == \"Pod\"\n}",
        "rule if count(regex.find_n(`[[]`, \"[[[[[[[[[[[[[[[[[[[[\", -1)) > 0",
        "rule if a.x\na.x if a.y\na.y := true",
    ];
    for rule in cases {
        if let Err(diagnostics) = with_rule(rule) {
            panic!("{rule}\n{}", show(&diagnostics));
        }
    }
}

#[test]
fn the_entry_point_is_found_or_asked_for() {
    let fits = "verdict := {}\n";
    let of = |files: &[(&str, &str)], package: Option<&str>| {
        let mut request = request(files, Purpose::Evaluate);
        request.package = package.map(str::to_owned);
        probate_rego::load(&request).map(|session| session.loaded().package.clone())
    };
    let a = format!("package a\n{fits}");
    let b = format!("package b.c\n{fits}");
    let library = "package lib\nx := 1\n";
    assert_eq!(of(&[("a.rego", &a), ("lib.rego", library)], None).unwrap(), "a");
    assert_eq!(of(&[("a.rego", &a), ("b.rego", &b)], Some("b.c")).unwrap(), "b.c");
    let refused = |files: &[(&str, &str)], package: Option<&str>| of(files, package).unwrap_err()[0].clone();
    let two = refused(&[("a.rego", &a), ("b.rego", &b)], None);
    assert_eq!((two.code.as_str(), two.message.contains("a, b.c")), ("PB2101", true));
    let none = refused(&[("lib.rego", library)], None);
    assert_eq!((none.code.as_str(), none.file.as_deref()), ("PB2101", Some("lib.rego")));
    let misspelt = refused(&[("b.rego", &b)], Some("b.d"));
    assert!(misspelt.message.contains("did you mean `b.c`?"), "{misspelt}");
    for verdict in ["verdict contains 1", "verdict(x) := x", "verdict[x] := 1 if some x in [1]"] {
        let text = format!("package a\n{verdict}\n");
        let refusal = refused(&[("a.rego", &text)], None);
        assert_eq!((refusal.code.as_str(), refusal.line), ("PB2101", Some(2)), "{verdict}: {refusal}");
    }
    for package in ["probate", "probate.x"] {
        let text = format!("package {package}\n{fits}");
        assert!(refused(&[("a.rego", &text)], None).message.contains("reserved"));
    }
    assert_eq!(refused(&[], None).code, "PB2101");
}

#[test]
fn files_import_each_other_and_cycles_cross_packages() {
    let main = "package p\nimport data.lib.dates\nimport input.usage as u\nverdict := {\"action\": \"Delete\", \"reason\": \"r\"} if dates.old(u.unusedSeconds)\n";
    let dates = "package lib.dates\nold(n) if n > limit\nlimit := 5\n";
    let files = [("p.rego", main), ("lib/dates.rego", dates)];
    let session =
        probate_rego::load(&request(&files, Purpose::Evaluate)).map_err(|found| show(&found)).unwrap();
    assert_eq!(session.loaded().paths, ["usage.unusedSeconds"]);
    let cyclic = "package lib.dates\nold(n) if data.p.verdict == n\n";
    let files = [("p.rego", main), ("lib/dates.rego", cyclic)];
    let refusals = probate_rego::load(&request(&files, Purpose::Evaluate)).err().unwrap();
    assert_eq!(refusals[0].code, "PB2103");
    let misspelt = main.replace("u.unusedSeconds", "u.unusedSecond");
    let refusals = load(&misspelt).err().unwrap();
    assert!(refusals.iter().any(|refusal| refusal.code == "PB2105"), "{}", show(&refusals));
    let twice = "package p\nimport input.claim as u\n";
    let files = [("p.rego", main), ("lib/dates.rego", dates), ("q.rego", twice)];
    let refusals = probate_rego::load(&request(&files, Purpose::Evaluate)).err().unwrap();
    assert!(refusals.iter().any(|refusal| refusal.message.contains("imported twice")), "{}", show(&refusals));
}

#[test]
fn every_refusal_is_told_at_once() {
    let text = "package p\nverdict := {} if { input.clam; http.send({}); not input.volum }\n";
    let codes: Vec<String> = load(text).err().unwrap().into_iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, ["PB2105", "PB2102", "PB2105"]);
}

#[test]
fn defaults_that_can_delete_are_refused_wherever_they_stand() {
    let refused = [
        "default verdict := {\"action\": \"Delete\", \"reason\": \"r\"}",
        "verdict := result\ndefault result := {\"action\": \"Delete\", \"reason\": \"r\"}",
        "verdict := {\"action\": act, \"reason\": \"r\"}\ndefault act := \"Delete\"",
        "verdict := {\"action\": act(1), \"reason\": \"r\"}\ndefault act(_) := \"Delete\"\nact(2) := \"Retain\"",
    ];
    for text in refused {
        let diagnostic = first(load(&format!("package p\n{text}\n")), text);
        assert_eq!(diagnostic.code, "PB2104", "{text}: {diagnostic}");
    }
    let fine = [
        "default verdict := {\"action\": \"Retain\", \"reason\": \"r\"}",
        "default verdict := {}",
        "verdict := {\"action\": \"Delete\", \"reason\": \"r\"} if input.retention.effective == wanted\ndefault wanted := \"Delete\"",
    ];
    fine.iter().for_each(|text| drop(loaded(&format!("package p\n{text}\n"))));
}

#[test]
fn warnings_leave_the_policy_loaded() {
    let warned = |text: &str| -> Vec<(String, Option<u64>)> {
        let session = loaded(text);
        session.loaded().diagnostics.iter().map(|found| (found.code.clone(), found.line)).collect()
    };
    let whole = "package p\nverdict := {\"action\": \"Retain\", \"reason\": json.marshal(input)}\n";
    assert_eq!(warned(whole), [("PB2106".into(), Some(2))]);
    let trigger =
        format!("package p\nverdict := {DELETE} if woken\nwoken if input.trigger.type == \"Released\"\n");
    assert_eq!(warned(&trigger), [("PB2107".into(), Some(3))]);
    assert_eq!(warned(&trigger.replace("Delete", "Retain")), []);
    for (rule, meant) in [
        ("rule if data.probate.referenced_by(\"VirtualMachines\")", "VirtualMachine"),
        ("rule if data.probate.gone_seconds(\"VirtualMachine.kubevirt.io\") > 5", "VirtualMachine"),
        ("rule if data.probate.referenced_as(\"pod\", \"Active\")", "Pod"),
        (
            "rule if {\n\tsome r in input.references\n\tr.kind in {\"Pod\", \"StatefulSets\"}\n}",
            "StatefulSet",
        ),
    ] {
        let session = with_rule(rule).unwrap_or_else(|found| panic!("{rule}: {}", show(&found)));
        let [found] = &session.loaded().diagnostics[..] else { panic!("{rule}") };
        assert!(
            found.code == "PB2113" && found.to_string().contains(&format!("did you mean {meant:?}?")),
            "{found}"
        );
    }
    assert!(
        with_rule("rule if data.probate.referenced_by(\"Postgresql\")")
            .unwrap()
            .loaded()
            .diagnostics
            .is_empty()
    );
    let slips = [
        ("{\"action\": \"delete\", \"reason\": \"r\"}", "did you mean `Delete`?"),
        ("{\"action\": \"Retain\"}", "Retain needs a reason"),
        ("{\"action\": \"Retain\", \"reason\": \"r\", \"rulle\": \"x\"}", "did you mean `rule`?"),
        ("{\"action\": \"Retain\", \"reason\": \"r\", \"rule\": \"No Name\"}", "is no name of a rule"),
    ];
    for (verdict, part) in slips {
        for text in
            [format!("verdict := {verdict}"), format!("verdict := {{}} if input.claim else := {verdict}")]
        {
            let session = loaded(&format!("package p\n{text}\n"));
            let [found] = &session.loaded().diagnostics[..] else {
                panic!("{text}: {}", show(&session.loaded().diagnostics))
            };
            assert_eq!((found.code.as_str(), found.line), ("PB2110", Some(2)), "{text}");
            assert!(found.to_string().contains(part), "{found}");
        }
    }
    assert_eq!(
        warned("package p\nverdict := {\"action\": \"Retain\", sprintf(\"%s\", [\"reason\"]): \"r\"}\n"),
        []
    );
    let unread = format!("{whole}unread := input\n").replace("json.marshal(input)", "\"r\"");
    assert_eq!(warned(&unread), [], "only what the verdict reaches is warned of");
}

#[test]
fn whether_a_policy_can_delete_is_known() {
    let can = |verdict: &str| loaded(&format!("package p\nverdict := {verdict}\n")).loaded().can_delete;
    assert!(can(DELETE));
    assert!(can("{\"action\": input.subject.labels.action, \"reason\": \"r\"}"));
    assert!(can("object.union({}, {})"));
    assert!(can("inner\ninner := {\"action\": \"Delete\", \"reason\": \"r\"} if input.now"));
    assert!(can("{} if input.now else := {\"action\": \"Delete\", \"reason\": \"r\"} if input.claim"));
    assert!(can("{key: \"Delete\"} if some key in [\"action\"]"));
    assert!(!can("{\"annotations\": {\"probate.dev/note.a\": input.retention.effective}}"));
    assert!(!can("{\"action\": \"Retain\", \"reason\": \"Delete\"}"));
    assert!(!can("inner\ninner := {\"action\": act, \"reason\": \"r\"}\nact := \"Retain\""));
}
