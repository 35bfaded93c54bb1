//! The table of figures.

use std::time::Duration;

use comfy_table::Table as Drawn;
use comfy_table::presets::ASCII_MARKDOWN;

use super::milliseconds;

/// What a ratio has to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    most: f64,
    inverse: bool,
}

impl Goal {
    /// At most one part in so many of the other's.
    pub(super) fn part(parts: u32) -> Self {
        Self {
            most: 1.0 / f64::from(parts),
            inverse: true,
        }
    }

    /// At most so many times the other's.
    pub(super) fn times(most: f64) -> Self {
        Self {
            most,
            inverse: false,
        }
    }

    fn show(self, ratio: f64) -> String {
        if self.inverse && ratio > 0.0 {
            format!("1/{:.1}", 1.0 / ratio)
        } else {
            format!("{ratio:.2}")
        }
    }

    fn target(self) -> String {
        if self.inverse {
            format!("1/{:.0}", 1.0 / self.most)
        } else {
            format!("{}", self.most)
        }
    }
}

/// One figure.
#[derive(Debug)]
pub(super) struct Row {
    name: String,
    ours: String,
    kubectl: String,
    floor: String,
    ratio: String,
    target: String,
    reached: bool,
    /// Whether missing it makes the run void: counts do not depend on the machine.
    binding: bool,
}

impl Row {
    /// A time against kubectl's.
    pub(super) fn against(name: &str, ours: Duration, kubectl: Duration, goal: Goal) -> Self {
        let mut row = Self::ratio(name, "kubectl", ours, kubectl, goal);
        row.kubectl = time(kubectl);
        row
    }

    /// A time over the floor's.
    pub(super) fn over(name: &str, ours: Duration, floor: Duration, goal: Goal) -> Self {
        let mut row = Self::ratio(name, "floor", ours, floor, goal);
        row.floor = time(floor);
        row
    }

    /// A time over something that the name says.
    pub(super) fn ratio(
        name: &str,
        rival: &str,
        ours: Duration,
        other: Duration,
        goal: Goal,
    ) -> Self {
        let ratio = ours.as_secs_f64() / other.as_secs_f64().max(f64::MIN_POSITIVE);
        Self {
            name: format!("{name} / {rival}"),
            ours: time(ours),
            kubectl: String::new(),
            floor: String::new(),
            ratio: goal.show(ratio),
            target: format!("≤ {}", goal.target()),
            reached: ratio <= goal.most,
            binding: false,
        }
    }

    /// Memory, to be below kubectl's.
    pub(super) fn memory(name: &str, ours: u64, kubectl: u64, floor: u64) -> Self {
        let size = |kib: u64| format!("{} MiB", kib / 1024);
        Self {
            name: name.to_owned(),
            ours: size(ours),
            kubectl: size(kubectl),
            floor: size(floor),
            ratio: String::new(),
            target: "< kubectl".to_owned(),
            reached: ours < kubectl,
            binding: false,
        }
    }

    /// Requests per object, exactly.
    pub(super) fn count(name: &str, requests: usize, objects: usize, each: usize) -> Self {
        Self {
            ours: format!("{requests} of {objects}"),
            target: format!("{each}"),
            reached: requests == objects * each,
            ..Self::limit(name)
        }
    }

    /// A count with a limit.
    pub(super) fn at_most(name: &str, count: usize, most: usize) -> Self {
        Self {
            ours: format!("{count}"),
            target: format!("≤ {most}"),
            reached: count <= most,
            ..Self::limit(name)
        }
    }

    fn limit(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ours: String::new(),
            kubectl: String::new(),
            floor: String::new(),
            ratio: String::new(),
            target: String::new(),
            reached: false,
            binding: true,
        }
    }

    /// The same figure of who is not compared with here.
    pub(super) fn beside(mut self, other: Duration) -> Self {
        let empty = if self.kubectl.is_empty() {
            &mut self.kubectl
        } else {
            &mut self.floor
        };
        *empty = time(other);
        self
    }

    fn cells(&self) -> [String; 7] {
        let reached = if self.reached { "reached" } else { "missed" };
        let Self {
            name,
            ours,
            kubectl,
            floor,
            ratio,
            target,
            ..
        } = self;
        [
            name,
            ours,
            kubectl,
            floor,
            ratio,
            target,
            &reached.to_owned(),
        ]
        .map(String::clone)
    }
}

/// All figures.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a figure.
    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Whether no count is over its limit.
    pub(super) fn is_valid(&self) -> bool {
        self.rows.iter().all(|row| row.reached || !row.binding)
    }

    /// The table in Markdown.
    pub(super) fn render(&self) -> String {
        let mut drawn = Drawn::new();
        drawn.load_style(ASCII_MARKDOWN);
        drawn.set_header(["figure", "ours", "kubectl", "floor", "ratio", "target", ""]);
        drawn.add_rows(self.rows.iter().map(Row::cells));
        drawn.lines().collect::<Vec<_>>().join("\n")
    }
}

fn time(time: Duration) -> String {
    format!("{:.0} ms", milliseconds(time))
}
