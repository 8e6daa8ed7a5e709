import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
    `maven-publish`
}

group = "com.signalwire"
version = "0.1.0"

android {
    namespace = "com.signalwire.client.android"
    compileSdk = 35

    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
        // What build-native.sh builds; others would be left without a library.
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64") }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    sourceSets["main"].kotlin.srcDirs(
        "src/main/kotlin",
        // What the JVM has by hand, without the REST API for backends.
        "../../kotlin/src/main/kotlin",
        // Written by build-native.sh.
        "src/generated/kotlin",
    )

    publishing { singleVariant("release") { withSourcesJar() } }
}

kotlin { compilerOptions { jvmTarget = JvmTarget.JVM_17 } }

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.10.2")
    // Its AAR holds JNA's own library for each ABI.
    implementation("net.java.dev.jna:jna:5.19.1@aar")
    implementation("org.rustls:rustls-platform-verifier:${verifierVersion()}")
}

/** The version that the library was built with. */
fun verifierVersion(): String {
    val lines = rootDir.resolve("../../Cargo.lock").readLines()
    val name = lines.indexOf("name = \"rustls-platform-verifier-android\"")
    check(name >= 0) { "rustls-platform-verifier-android is not in Cargo.lock" }
    return lines[name + 1].substringAfter('"').substringBefore('"')
}

publishing {
    publications {
        register<MavenPublication>("release") {
            artifactId = "client-android"
            afterEvaluate { from(components["release"]) }
        }
    }
}
