//! Java for Apache Spark, and Maven with a JDK for the Kotlin package.

use std::path::Path;

use super::apt;
use crate::context::{Context, Stop};

/// Sees to it that `mvn` runs on a JDK that is new enough; installs Debian's where there is none and this is root on
/// Debian. What the package depends on comes from Maven Central and goes to Maven's own local repository.
pub(crate) fn maven(context: &mut Context) -> Result<(), Stop> {
    if !apt::starts("javac") && std::env::var_os("JAVA_HOME").is_none() {
        apt::program(context, "javac", JDK)?;
    }
    apt::program(context, "mvn", "maven")?;
    let said = context.run(context.command("mvn").args(["--batch-mode", "--version"]))?;
    let Some(java) = Java::of(&said.text) else {
        return Err(Stop::NotRun(
            "`mvn --version` names no Java: install a JDK (Debian's package `default-jdk-headless`) or set JAVA_HOME"
                .to_owned(),
        ));
    };
    if java.major < OLDEST || !Path::new(java.home).join("bin/javac").exists() {
        return Err(Stop::NotRun(format!(
            "Maven runs on Java {} without `javac`, or older than {OLDEST}: set JAVA_HOME to a JDK of version {OLDEST} or later",
            java.major
        )));
    }
    Ok(())
}

/// Sees to it that there is a Java that is new enough for Spark, which finds it by `JAVA_HOME` or `PATH`; installs Debian's
/// where there is none and this is root on Debian.
pub(crate) fn java(context: &mut Context) -> Result<(), Stop> {
    let home = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
    if home.is_none() {
        apt::program(context, "java", JRE)?;
    }
    let java = home.map_or_else(|| "java".into(), |home| Path::new(&home).join("bin/java"));
    let said = context.run(context.command(java).arg("-version"))?;
    match major_of(&said.text) {
        Some(OLDEST..) => Ok(()),
        _ => Err(Stop::NotRun(format!(
            "`java -version` names no Java of version {OLDEST} or later: set JAVA_HOME to one (Debian's package `{JRE}`)"
        ))),
    }
}

/// As `java -version` says it.
fn major_of(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("version \"")?;
    version.split(['.', '"', '-']).next()?.parse().ok()
}

/// The Java that Maven runs on.
#[derive(Debug, PartialEq, Eq)]
struct Java<'a> {
    major: u32,
    home: &'a str,
}

impl<'a> Java<'a> {
    /// As `mvn --version` says it.
    fn of(text: &'a str) -> Option<Self> {
        let line = text.lines().find(|line| line.starts_with("Java version: "))?;
        let version = line.strip_prefix("Java version: ")?.split([',', '.']).next()?;
        let (_, home) = line.split_once("runtime: ")?;
        Some(Self { major: version.parse().ok()?, home: home.trim() })
    }
}

const JDK: &str = "default-jdk-headless";
const JRE: &str = "default-jre-headless";
const OLDEST: u32 = 17;

#[cfg(test)]
mod tests {
    use super::{Java, major_of};

    #[test]
    fn java_says_its_version() {
        assert_eq!(major_of("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime"), Some(17));
        assert_eq!(
            major_of("Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"25\" 2025-09-16"),
            Some(25)
        );
        assert_eq!(major_of("java version \"1.8.0_452\""), Some(1));
        assert_eq!(major_of("sh: java: not found"), None);
    }

    #[test]
    fn maven_says_which_java_it_runs_on() {
        let text = "Apache Maven 3.8.7\nMaven home: /usr/share/maven\n\
                    Java version: 17.0.16, vendor: Debian, runtime: /usr/lib/jvm/java-17\nDefault locale: en\n";
        assert_eq!(Java::of(text), Some(Java { major: 17, home: "/usr/lib/jvm/java-17" }));
        let old = "Java version: 1.8.0_452, vendor: Debian, runtime: /usr/lib/jvm/java-8/jre\n";
        assert_eq!(Java::of(old).map(|java| java.major), Some(1));
        assert_eq!(Java::of("The JAVA_HOME environment variable is not defined correctly"), None);
    }
}
