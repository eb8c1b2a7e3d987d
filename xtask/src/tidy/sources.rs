//! Source files: header, length, lines of functions, words, and whether anything includes them.

use std::path::{Path, PathBuf};

use anyhow::Result;

/// A file longer than this is a fault; from 400 on it deserves another look.
const FILE_LINES_MAX: usize = 800;
const LINE_COLUMNS_MAX: usize = 120;

/// Assembled from halves so that this file does not find itself.
fn banned_words() -> Vec<(String, &'static str)> {
    vec![
        (["TO", "DO"].concat(), "finish it or say so in an issue"),
        (["FIX", "ME"].concat(), "finish it or say so in an issue"),
        (["XX", "X"].concat(), "finish it or say so in an issue"),
        (["todo", "!("].concat(), "no stubs"),
        (["unimplemented", "!("].concat(), "no stubs"),
        (["black", "list("].concat(), "k6's option name is a contract only in strings"),
        (["../", "shared"].concat(), "the repository stands alone"),
        ([".libr", "ary"].concat(), "the repository stands alone"),
    ]
}

pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let mut files = Vec::new();
    for folder in ["crates", "systems", "xtask", "tests", "fuzz"] {
        collect(&root.join(folder), &mut files)?;
    }
    for file in &files {
        let text = std::fs::read_to_string(file)?;
        let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
        check_file(&name, &text, &mut findings);
        if is_dead(file, &files)? {
            findings.push(format!("{name}: no `mod` names this file"));
        }
    }
    Ok(findings)
}

fn check_file(name: &str, text: &str, findings: &mut Vec<String>) {
    if !text.starts_with("//! ") && !text.starts_with("#!") {
        findings.push(format!("{name}:1: the module has no `//!` header"));
    }
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        findings.push(format!(
            "{name}: {lines} lines, over {FILE_LINES_MAX}: cut it where it does two things"
        ));
    }
    let banned = banned_words();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        if line.chars().count() > LINE_COLUMNS_MAX && !line.contains("http") && !line.contains('"')
        {
            findings.push(format!("{name}:{number}: over {LINE_COLUMNS_MAX} columns"));
        }
        for (word, reason) in &banned {
            if line.contains(word.as_str()) {
                findings.push(format!("{name}:{number}: `{word}`: {reason}"));
            }
        }
    }
}

/// Whether no other file of the crate says `mod stem`.
fn is_dead(file: &Path, files: &[PathBuf]) -> Result<bool> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
    let is_root = matches!(stem.as_str(), "lib" | "main" | "build");
    // Targets that cargo finds by itself or that a manifest names.
    let is_target =
        ["examples", "tests", "bin", "fuzz_targets"].iter().any(|t| folder.ends_with(t));
    if is_root || is_target {
        return Ok(false);
    }
    let (module, home) = if stem == "mod" {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, folder.parent().unwrap_or(&folder).to_path_buf())
    } else {
        (stem, folder)
    };
    let declaration = format!("mod {module};");
    let file_name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let by_path = format!("#[path = \"{file_name}\"]");
    for other in files {
        let near = other.parent() == Some(home.as_path())
            || other.with_extension("") == home
            || other.parent().is_some_and(|p| p == home);
        let text = if near { std::fs::read_to_string(other)? } else { String::new() };
        if text.contains(&declaration) || text.contains(&by_path) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_file;

    fn check(text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check_file("a.rs", text, &mut findings);
        findings
    }

    #[test]
    fn finds_a_missing_header_and_a_stub() {
        assert_eq!(check("//! Fine.\nfn a() {}\n"), Vec::<String>::new());
        assert_eq!(check("fn a() {}\n").len(), 1);
        let stub = format!("//! Fine.\nfn a() {{ {}) }}\n", ["todo", "!("].concat());
        assert_eq!(check(&stub).len(), 1);
    }

    #[test]
    fn finds_a_long_file() {
        assert_eq!(check(&format!("//! Fine.\n{}", "x\n".repeat(900))).len(), 1);
    }
}
