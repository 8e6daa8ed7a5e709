package com.signalwire.client.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import com.signalwire.client.Client
import com.signalwire.client.SignalWireException

/**
 * Tells a client of every change of the device's network, from its making until [close]; Android
 * tells the library nothing itself. Needs the permission `ACCESS_NETWORK_STATE`, which the manifest
 * of this module asks for.
 */
public class NetworkWatch(context: Context, private val client: Client) :
    ConnectivityManager.NetworkCallback(), AutoCloseable {

    private val manager = context.getSystemService(ConnectivityManager::class.java)

    init {
        manager.registerDefaultNetworkCallback(this)
    }

    override fun onAvailable(network: Network): Unit = changed()

    override fun onLost(network: Network): Unit = changed()

    override fun onLinkPropertiesChanged(network: Network, properties: LinkProperties): Unit =
        changed()

    private fun changed() {
        try {
            client.networkChanged()
        } catch (_: SignalWireException) {
            // The client was disconnected before this watch was closed.
        }
    }

    override fun close() {
        manager.unregisterNetworkCallback(this)
    }
}
