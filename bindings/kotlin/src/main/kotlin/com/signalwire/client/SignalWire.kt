package com.signalwire.client

import com.sun.jna.Callback
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native

/**
 * The process-wide part of the library. Touched by everything here that needs it; applications
 * that use the generated classes only call [SignalWire.prepare] once.
 */
public object SignalWire {
    init {
        // JNA would attach and detach the library's threads to the JVM at every callback, and as
        // threads that keep the process alive.
        stayAttached(uniffiRustFutureContinuationCallbackImpl, "sw-dispatch")
        stayAttached(uniffiCallbackInterfaceCredentialProvider.requestToken, "sw-dispatch")
        stayAttached(uniffiCallbackInterfaceTokenStore.load, "sw-dispatch")
        stayAttached(uniffiCallbackInterfaceTokenStore.save, "sw-dispatch")
        stayAttached(uniffiCallbackInterfaceTokenStore.clear, "sw-dispatch")
        stayAttached(uniffiCallbackInterfaceAudioSink.onFrame, "sw-media")
        stayAttached(uniffiCallbackInterfaceVideoSink.onFrame, "sw-media")
        stayAttached(uniffiCallbackInterfacePictureSink.onPicture, "sw-media")
        // A callback into a JVM that is ending would crash it.
        Runtime.getRuntime().addShutdownHook(Thread({ shutdown() }, "sw-shutdown"))
    }

    /** Attaches the library to this JVM, and ends it with the JVM. A second call does nothing. */
    @JvmStatic
    public fun prepare() {
        // What there is to do is in `init`.
    }

    private fun stayAttached(callback: Callback, name: String) {
        Native.setCallbackThreadInitializer(
            callback, CallbackThreadInitializer(/* daemon = */ true, /* detach = */ false, name))
    }
}
