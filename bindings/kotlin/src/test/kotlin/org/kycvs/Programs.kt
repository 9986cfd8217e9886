package org.kycvs

import java.io.File
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** How a program ended, and what it printed. */
class Ended(val code: Int, val out: String, val err: String) {
    override fun toString(): String = "exit code $code\n$out$err"
}

/** Runs the `main` of a class in a JVM of its own. */
fun java(
    main: String,
    vararg arguments: String,
    classPath: String = System.getProperty("java.class.path"),
    jvm: List<String> = listOf(),
    input: String = "",
): Ended {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val process = ProcessBuilder(listOf(java) + jvm + listOf("-cp", classPath, main) + arguments).start()
    var err = ""
    val reader = thread { err = process.errorStream.reader().readText() }
    process.outputStream.use { it.write(input.toByteArray()) }
    val out = process.inputStream.reader().readText()
    check(process.waitFor(10, TimeUnit.MINUTES)) { "$main does not end" }
    reader.join()
    return Ended(process.exitValue(), out, err)
}
