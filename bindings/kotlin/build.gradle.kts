// The same package as that of pom.xml, for those who build with Gradle (8.14 or later, Java 17 or later).
// `bindings/generate.sh kotlin` comes first: it writes the generated sources and the library to target/.
//
//   gradle publishToMavenLocal                          com.signalwire:client
//   SW_GATEWAY_BIN=../../target/debug/sw-gateway gradle test
//   gradle jar -Prest.sources=src/main/kotlin           for a library without "rest-api"
import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    kotlin("jvm") version "2.4.21"
    `java-library`
    `maven-publish`
}

group = "com.signalwire"
version = "0.1.0"

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.11.0")
    // The generated classes are JNA's in part.
    api("net.java.dev.jna:jna:5.19.1")
    testImplementation("org.junit.jupiter:junit-jupiter:5.13.4")
    testRuntimeOnly("org.junit.platform:junit-platform-launcher")
    testImplementation("com.google.code.gson:gson:2.13.2")
}

val restSources = providers.gradleProperty("rest.sources").getOrElse("src/rest/kotlin")

kotlin {
    compilerOptions { jvmTarget = JvmTarget.JVM_17 }
    sourceSets["main"].kotlin.setSrcDirs(
        listOf("target/generated-sources/uniffi", "src/main/kotlin", restSources).distinct())
    sourceSets["test"].kotlin.setSrcDirs(listOf("src/test/kotlin", "../../examples/kotlin"))
}

java {
    sourceCompatibility = JavaVersion.VERSION_17
    targetCompatibility = JavaVersion.VERSION_17
    withSourcesJar()
}

// The library, under the name of its platform, where JNA finds it in the jar.
sourceSets["main"].resources.setSrcDirs(listOf("target/jna"))

tasks.test {
    useJUnitPlatform()
    // The tests start programs with this class path, and the gateway.
    inputs.property("gateway", providers.environmentVariable("SW_GATEWAY_BIN").orElse(""))
}

publishing {
    publications { register<MavenPublication>("library") { from(components["java"]) } }
}
