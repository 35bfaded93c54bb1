//! Findings while their document is only known by number.

use cofferdam_model::diagnostic::Severity;
use cofferdam_model::names::InvalidName;

/// A finding at a path of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The document's number among all that were read.
    pub(crate) document: usize,
    pub(crate) path: String,
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// A finding just reported, to which a hint can be added.
#[derive(Debug)]
pub(crate) struct Said<'a>(Option<&'a mut Finding>);

impl Said<'_> {
    /// Says how to mend it.
    pub(crate) fn hint(self, hint: impl Into<String>) {
        self.maybe(Some(hint.into()));
    }

    /// Says how to mend it, where that is known.
    pub(crate) fn maybe(self, hint: Option<String>) {
        if let Some(finding) = self.0 {
            finding.hint = hint;
        }
    }
}

/// Takes the findings of one document.
#[derive(Debug)]
pub(crate) struct Reporter<'a> {
    pub(crate) document: usize,
    pub(crate) findings: &'a mut Vec<Finding>,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(document: usize, findings: &'a mut Vec<Finding>) -> Self {
        Self { document, findings }
    }

    /// Reports an error.
    pub(crate) fn error(
        &mut self,
        path: &str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.report(Severity::Error, path, code, message.into())
    }

    /// Reports that something is due.
    pub(crate) fn warning(
        &mut self,
        path: &str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.report(Severity::Warning, path, code, message.into())
    }

    /// Reports something worth knowing.
    pub(crate) fn notice(
        &mut self,
        path: &str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.report(Severity::Notice, path, code, message.into())
    }

    /// Reads a name, or reports why it is none.
    pub(crate) fn name<T>(
        &mut self,
        path: &str,
        text: &str,
        parse: fn(&str) -> Result<T, InvalidName>,
    ) -> Option<T> {
        match parse(text) {
            Ok(name) => Some(name),
            Err(why) => {
                self.error(
                    path,
                    "invalid-name",
                    format!("`{text}` is not a valid name: {why}"),
                );
                None
            }
        }
    }

    fn report(
        &mut self,
        severity: Severity,
        path: &str,
        code: &'static str,
        message: String,
    ) -> Said<'_> {
        self.findings.push(Finding {
            document: self.document,
            path: path.to_owned(),
            severity,
            code,
            message,
            hint: None,
        });
        Said(self.findings.last_mut())
    }
}
