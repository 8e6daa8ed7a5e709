package com.signalwire.client

import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import javax.tools.ToolProvider
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** What becomes of the process: its end, and several copies of the library in it. */
class ProcessTest {
    @TempDir lateinit var folder: Path

    private data class Ended(val code: Int, val lines: List<String>, val errors: String)

    /** Runs a program in a JVM of its own, which has a minute. */
    private fun run(classpath: String, main: String, vararg arguments: String): Ended {
        val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
        val errors = folder.resolve("errors.txt").toFile()
        val builder =
            ProcessBuilder(java, "-Xmx256m", "-cp", classpath, main, *arguments)
                .directory(folder.toFile())
                .redirectError(errors)
        builder.environment().putAll(Gateway.environment())
        val process = builder.start()
        val lines = process.inputStream.bufferedReader().readLines()
        assertTrue(process.waitFor(60, TimeUnit.SECONDS)) { "$main hangs: $lines" }
        assertTrue(folder.toFile().list()!!.none { it.startsWith("hs_err") }) { errors.readText() }
        return Ended(process.exitValue(), lines, errors.readText())
    }

    private val classpath: String
        get() = System.getProperty("java.class.path")

    private fun child(vararg arguments: String): Ended =
        run(classpath, "com.signalwire.client.Children", *arguments)

    @Test
    fun `the JVM exits while a call is up`() {
        assertEquals(Ended(3, listOf("ACTIVE"), ""), child("exit"))
    }

    @Test
    fun `the JVM ends with the main function while a call is up`() {
        assertEquals(Ended(0, listOf("ACTIVE"), ""), child("return"))
    }

    @Test
    fun `a callback that never returns holds nobody else`() {
        val ended = child("stuck")
        assertEquals(listOf("ACTIVE", "stuck", "ACTIVE", "CLOSED"), ended.lines) { ended.errors }
        assertEquals(4, ended.code)
    }

    @Test
    fun `a shutdown leaves no thread, and the library starts anew`() {
        val lines = listOf("ACTIVE", "SHUTDOWN CLOSED []").let { it + it }
        assertEquals(Ended(0, lines, ""), child("shutdown"))
    }

    @Test
    fun `two copies of the library live in one process`() {
        val library =
            File("target/jna").walkTopDown().first { it.isFile && "signalwire_client" in it.name }
        val copies =
            listOf("first", "second").map { name ->
                val copy = Files.createDirectory(folder.resolve(name)).resolve(library.name)
                Files.copy(library.toPath(), copy).toString()
            }
        val ended = child("copies", *copies.toTypedArray())
        assertEquals(listOf("heard", "heard", "2"), ended.lines) { ended.errors }
        assertEquals(0, ended.code)
    }

    @Test
    fun `the example in Java compiles and makes a call`() {
        val source = File("../../examples/java/Dial.java").canonicalPath
        val compiler = checkNotNull(ToolProvider.getSystemJavaCompiler()) { "this needs a JDK" }
        val said = java.io.ByteArrayOutputStream()
        val code =
            compiler.run(
                null, said, said, "-Xlint:all", "-Werror", "-proc:none",
                "-cp", classpath, "-d", "$folder", source)
        assertEquals(0, code, "$said")
        val ended = run("$folder${File.pathSeparator}$classpath", "Dial", "/public/tone")
        assertEquals(0, ended.code, ended.errors)
        assertTrue("heard 100 frames" in ended.lines) { "${ended.lines}" }
        assertTrue(ended.lines.any { it.startsWith("over: ") }) { "${ended.lines}" }
        val refused = run("$folder${File.pathSeparator}$classpath", "Dial", "nonsense")
        assertTrue(refused.code != 0 && "is not an address" in refused.errors) { "$refused" }
    }

    @Test
    fun `the example in Kotlin makes a call`() {
        val ended = run(classpath, "com.signalwire.examples.DialKt", "/public/echo")
        assertEquals(0, ended.code, ended.errors)
        val heard = checkNotNull(ended.lines.find { it.startsWith("heard 100 frames, the loudest ") })
        assertTrue(heard.filter { it.isDigit() }.removePrefix("100").toLong() > 1_000) { heard }
        assertTrue("over: " in ended.lines.last()) { "${ended.lines}" }
        val refused = run(classpath, "com.signalwire.examples.DialKt", "nonsense")
        assertEquals(2, refused.code)
        assertTrue("is not an address" in refused.errors) { refused.errors }
    }
}
