package org.kycvs

import java.io.File
import java.net.URI
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import java.util.jar.JarEntry
import java.util.jar.JarFile
import java.util.jar.JarOutputStream
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The jar as it is published: all that an app needs, and what it promises to shrinkers. */
class JarIT {
    private val jar = File(System.getProperty("kycvs.jar"))
    private val dependencies = listOf("kotlin-stdlib-", "annotations-13", "jna-").map { name ->
        System.getProperty("java.class.path").split(File.pathSeparator).map(::File).single {
            it.name.startsWith(name) && it.name.endsWith(".jar")
        }
    }

    @Test
    fun `it carries the library, the licences, a notice, the rules and a module name`() {
        JarFile(jar).use { content ->
            val names = content.entries().asSequence().map { it.name }.toSet()
            val expected = listOf("META-INF/LICENSE-MIT", "META-INF/LICENSE-APACHE", "META-INF/LICENSES-OTHERS", "META-INF/NOTICE", "META-INF/proguard/kycvs.pro", "org/kycvs/Verifier.class")
            assertEquals(listOf<String>(), expected - names)
            fun text(name: String) = content.getInputStream(content.getEntry("META-INF/$name")).reader().readText()
            // The compiled-in crate that is under the BSD licence, with its text, and the one under the MPL, with its source.
            val others = text("LICENSES-OTHERS")
            val words = listOf("\ncurve25519-dalek 5.", "Redistributions in binary form must reproduce", "\nuniffi_core 0.32.2: MPL-2.0 (", "mozilla/uniffi-rs")
            for (word in words) assertTrue(word in others) { others }
            val notice = text("NOTICE")
            for (word in listOf("MPL-2.0", "uniffi 0.32.2", "mozilla/uniffi-rs")) assertTrue(word in notice) { notice }
            val libraries = names.filter { it.substringAfterLast('/').contains("kycvs_ffi") }
            assertTrue(libraries.isNotEmpty() && libraries.all { it.count { char -> char == '/' } == 1 }) { "$libraries" }
            assertEquals("org.kycvs", content.manifest.mainAttributes.getValue("Automatic-Module-Name"))
        }
    }

    /** Nothing else on the class path but what the POM says. */
    @Test
    fun `a dependency on it is all`() {
        val ended = java("app.ShrunkAppKt", classPath = (dependencies + jar + TESTS).joinToString(File.pathSeparator))
        assertEquals("all is well\n", ended.out) { "$ended" }
    }

    @Test
    fun `a shrunk app works, by the rules that the jar carries`(@TempDir folder: Path) {
        val rules = File("$folder/kycvs.pro")
        JarFile(jar).use { content ->
            rules.writeBytes(content.getInputStream(content.getEntry("META-INF/proguard/kycvs.pro")).readBytes())
        }
        val shrunk = shrink(folder, "with", listOf("-include", rules.path))
        val ended = java(MAIN, classPath = shrunk.path)
        assertEquals("all is well\n", ended.out) { "$ended" }
        // It was shrunk indeed, and renamed: most of Kotlin's library is gone.
        val classes = JarFile(shrunk).use { content -> content.entries().asSequence().count { it.name.endsWith(".class") } }
        assertTrue(classes < 1500) { "$classes classes are left" }

        // And the rules are why: without them it breaks.
        val without = java(MAIN, classPath = shrink(folder, "without", listOf("-dontwarn")).path)
        assertTrue(without.code != 0) { "the rules are not needed: $without" }
    }

    private fun shrink(folder: Path, name: String, rules: List<String>): File {
        val out = File("$folder/$name.jar")
        val arguments = listOf("-injars", "$TESTS(app/**.class)") +
            (dependencies + jar).flatMap { listOf("-injars", "$it(!META-INF/versions/**,!META-INF/MANIFEST.MF,!module-info.class)") } +
            listOf("-libraryjars", platform(folder).path) +
            listOf("-outjars", out.path, "-dontnote", "-keep", "public class $MAIN { public static void main(java.lang.String[]); }") + rules
        val ended = java("proguard.ProGuard", *arguments.toTypedArray())
        assertEquals(0, ended.code) { "$ended" }
        return out
    }

    /** The classes of the JDK that runs this, as a jar: not every JDK has them in files (`jmods`). */
    private fun platform(folder: Path): File {
        val jar = File("$folder/platform.jar")
        if (jar.exists()) return jar
        val modules = FileSystems.getFileSystem(URI("jrt:/"))
        JarOutputStream(jar.outputStream().buffered()).use { out ->
            for (module in listOf("java.base", "java.logging")) {
                val root = modules.getPath("modules", module)
                val classes = Files.walk(root).use { paths -> paths.filter { "$it".endsWith(".class") && "${it.fileName}" != "module-info.class" }.toList() }
                for (file in classes) {
                    out.putNextEntry(JarEntry("${root.relativize(file)}"))
                    Files.copy(file, out)
                    out.closeEntry()
                }
            }
        }
        return jar
    }

    private companion object {
        const val MAIN = "app.ShrunkAppKt"
        val TESTS = File("target/test-classes")
    }
}
