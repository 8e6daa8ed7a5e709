package com.signalwire.client.android

import android.content.Context
import com.signalwire.client.SignalWire

/** What only Android needs. */
public object SignalWireAndroid {
    init {
        // The file that JNA loads, loaded for JNI first: both get the same library.
        System.loadLibrary("signalwire_client")
    }

    /**
     * Prepares the library for this process. Call it once, in `Application.onCreate`, before anything
     * else of the library: without it no certificate can be verified, and `connect` fails. A second
     * call does nothing.
     */
    @JvmStatic
    public fun prepare(context: Context) {
        initialize(context.applicationContext)
        SignalWire.prepare()
    }

    /** Lets the library ask the system's trust store. */
    @JvmStatic private external fun initialize(context: Context)
}
