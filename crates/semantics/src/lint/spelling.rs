//! Words that are there, for one that is not.

/// The candidate that a misspelt word most probably meant. Short words are each other's neighbours too often, and words
/// that differ in a number are siblings.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    let allowed = word.chars().count() / 3;
    candidates
        .into_iter()
        .filter(|candidate| *candidate == wanted || !are_siblings(&wanted, candidate))
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= allowed && *candidate != word)
        .min()
        .map(|(_, candidate)| candidate)
}

fn are_siblings(word: &str, other: &str) -> bool {
    let letters = |word: &str| -> String { word.chars().filter(|c| !c.is_numeric()).collect() };
    let has_number = [word, other]
        .iter()
        .any(|word| word.contains(char::is_numeric));
    has_number && letters(word) == letters(other)
}
