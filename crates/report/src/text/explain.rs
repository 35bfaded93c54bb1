//! `explain` as people read it.

use std::fmt::Write as _;

use super::reach::grounds;
use crate::wire::explain::{Answer, ExplainReport, WireRule, WireService, WireSide};

/// Every answer with the rules that decided it, then what it rests on.
pub fn render(report: &ExplainReport) -> String {
    let mut text = String::new();
    for answer in &report.answers {
        render_answer(answer, report.complete, &mut text);
        text.push('\n');
    }
    text.push_str(&grounds(
        report.dialect,
        &report.notes,
        &report.incomplete_because,
    ));
    text
}

fn render_answer(answer: &Answer, is_complete: bool, text: &mut String) {
    let Answer {
        from,
        to,
        protocol,
        port,
        service,
        verdict,
        exemption,
        egress,
        ingress,
        changes,
        hints,
    } = answer;
    // What was not read or understood may allow it.
    let grounds = match (*verdict, is_complete) {
        ("denied", false) => " BY WHAT WAS READ",
        _ => "",
    };
    // Writing to a String cannot fail.
    writeln!(
        text,
        "{}{grounds}  {from} -> {to}  {protocol} {port}",
        verdict.to_uppercase()
    )
    .ok();
    if let Some(service) = service {
        render_service(service, protocol, text);
    }
    if let Some(exemption) = exemption {
        writeln!(text, "  whatever policies say: {exemption}").ok();
    }
    render_side("egress of", from, egress, text);
    render_side("ingress of", to, ingress, text);
    for change in changes {
        writeln!(text, "  to change it: {change}").ok();
    }
    for hint in hints {
        writeln!(text, "  hint: {hint}").ok();
    }
}

fn render_service(service: &WireService, protocol: &str, text: &mut String) {
    let WireService {
        service,
        addresses,
        port,
        judged_before_translation,
    } = service;
    let at = if addresses.is_empty() {
        String::new()
    } else {
        format!(" at {}", addresses.join(" and "))
    };
    writeln!(text, "  through Service {service}{at}, {protocol} {port}").ok();
    if *judged_before_translation {
        writeln!(
            text,
            "  egress is judged by the address and port of the Service, before these are translated; rules that select the pods behind it may count for it too"
        )
        .ok();
    }
}

fn render_side(what: &str, end: &str, side: &WireSide, text: &mut String) {
    let WireSide {
        verdict,
        isolated_by,
        rules,
        on_other_ports,
    } = side;
    writeln!(text, "  {what} {end}: {verdict}").ok();
    if isolated_by.is_empty() && rules.is_empty() && on_other_ports.is_empty() {
        writeln!(text, "    no policy governs it").ok();
    }
    for rule in rules {
        let perhaps = if rule.perhaps {
            "perhaps, by its address, "
        } else {
            ""
        };
        writeln!(text, "    {perhaps}{} by {}", past(rule.action), told(rule)).ok();
    }
    for policy in isolated_by {
        let place = policy.place.as_ref().map(|place| format!("  {place}"));
        writeln!(
            text,
            "    isolated by {}{}",
            policy.policy,
            place.unwrap_or_default()
        )
        .ok();
    }
    for rule in on_other_ports {
        writeln!(
            text,
            "    {} {} only by {}",
            rule.ports,
            past(rule.action),
            told(rule)
        )
        .ok();
    }
}

fn past(action: &str) -> &str {
    match action {
        "allow" => "allowed",
        "deny" => "denied",
        _ => "passed on",
    }
}

fn told(rule: &WireRule) -> String {
    let place = rule.place.as_ref().map(|place| format!("  {place}"));
    format!("{} {}{}", rule.policy, rule.path, place.unwrap_or_default())
}
