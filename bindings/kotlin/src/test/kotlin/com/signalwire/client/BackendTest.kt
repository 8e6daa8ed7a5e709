package com.signalwire.client

import java.net.URI
import java.net.URLEncoder
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.ByteBuffer
import java.util.UUID
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.flow.toSet
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The REST API for backends, tokens that are bound to a device key, and logins. */
class BackendTest {
    private fun rest(apiToken: String = Gateway.apiToken) =
        RestClient(
            RestOptions(
                space = Gateway.httpUrl,
                projectId = Gateway.project,
                apiToken = apiToken,
                caCertificatesPem = Gateway.caPem))

    /** An address that no other run has used. */
    private fun fresh(name: String) = "$name-${UUID.randomUUID()}@example.com"

    @Test
    fun `tokens of every kind`() = limited {
        val rest = rest()
        val minted = rest.createSubscriberToken(SubscriberTokenRequest(fresh("rosa")))
        assertTrue(minted.token() !in minted.toString())
        val info = Client(Gateway.options(minted.token())).use { it.subscriberInfo() }
        assertEquals(minted.subscriberId(), info.id)
        val pair = rest.refreshSubscriberToken(minted.refreshToken())
        assertNotEquals(minted.token(), pair.token())
        assertTrue(pair.token() !in pair.toString())
        val spent =
            failsWith<SignalWireException.Rejected> {
                rest.refreshSubscriberToken(minted.refreshToken())
            }
        assertEquals(422, spent.code)
        val address = info.addresses.first().id
        assertTrue(rest.createGuestToken(GuestTokenRequest(listOf(address))).token().isNotEmpty())
        assertTrue(rest.createInviteToken(minted.token(), InviteTokenRequest(address)).isNotEmpty())
        assertTrue(rest.exchangeEmbedToken("c2c_7acc0e5e968706a032983cd80cdca219").isNotEmpty())
        val refused =
            failsWith<SignalWireException.Unauthorized> {
                rest("PTs3cr3t").createSubscriberToken(SubscriberTokenRequest("rosa@example.com"))
            }
        assertTrue("PTs3cr3t" !in refused.toString())
    }

    @Test
    fun `subscribers, resources and SIP credentials`() = limited {
        val rest = rest()
        val made = (1..5).map { rest.createSubscriber(SubscriberRequest(fresh("page$it"))) }
        val found = rest.subscribers(2u).asFlow().map { it.id }.toSet()
        assertTrue(found.containsAll(made.map { it.id }))
        val first = made.first()
        val changed =
            rest.updateSubscriber(first.id, SubscriberRequest(first.email, displayName = "First"))
        assertEquals("First", changed.displayName)
        assertEquals(changed, rest.subscriber(first.id))
        val addresses = rest.subscriberAddresses(first.id).asFlow().toList()
        assertEquals(addresses, rest.resourceAddresses(first.id).asFlow().toList())
        assertTrue(rest.resource(first.id) in rest.resources(3u).asFlow().toSet())

        val request = SipCredentialRequest("desk", "s3cret pass", codecs = listOf("OPUS"))
        val desk = rest.createSipCredential(first.id, request)
        val safer = SipCredentialRequest(encryption = "required")
        val updated = rest.updateSipCredential(first.id, desk.id, safer)
        assertEquals("desk" to "required", updated.username to updated.encryption)
        assertEquals(listOf(updated), rest.sipCredentials(first.id).asFlow().toList())
        rest.deleteSipCredential(first.id, desk.id)
        failsWith<SignalWireException.NotFound> { rest.sipCredential(first.id, desk.id) }

        for (entry in made) rest.deleteSubscriber(entry.id)
        failsWith<SignalWireException.NotFound> { rest.subscriber(first.id) }
        failsWith<SignalWireException.InvalidArgument> { rest.subscriber("../resources") }
        failsWith<SignalWireException.InvalidArgument> { rest.resources(0u) }
    }

    @Test
    fun `a token is bound to the key of the device`() = limited {
        val made = DeviceKey.generate()
        val pkcs8 = made.toPkcs8()
        val direct = ByteBuffer.allocateDirect(pkcs8.size).put(pkcs8).flip()
        val key = DeviceKey.fromPkcs8(direct)
        assertEquals(made.thumbprint(), key.thumbprint())
        assertEquals(43, key.thumbprint().length)
        failsWith<SignalWireException.InvalidArgument> {
            DeviceKey.fromPkcs8(ByteBuffer.allocateDirect(8))
        }
        val rest = rest()
        val owner = fresh("bound")

        suspend fun mint(fingerprint: String): String {
            val request =
                SubscriberTokenRequest(owner, fingerprint = fingerprint, scope = "sat:refresh")
            return rest.createSubscriberToken(request).token()
        }

        val credentials =
            tokensFrom(this) { _, fingerprint -> IssuedToken(mint(checkNotNull(fingerprint))) }
        withClient(Gateway.options(""), credentials.boundTo(key)) { client ->
            assertEquals(key.thumbprint(), client.subscriberInfo().tokenKeyThumbprint)
        }
        val stolen = Credentials.token(mint(key.thumbprint())).boundTo(DeviceKey.generate())
        failsWith<SignalWireException.Unauthorized> { withClient(Gateway.options(""), stolen) {} }
    }

    private class MemoryStore(var text: String?) : TokenStore {
        override fun load(): String? = text

        override fun save(text: String) {
            this.text = text
        }

        override fun clear() {
            text = null
        }
    }

    private fun logins(redirectUri: String) =
        OAuth(
            OAuthConfig(
                clientId = "gateway-app",
                redirectUri = redirectUri,
                authorizeUrl = "${Gateway.httpUrl}/login/oauth/authorize",
                tokenUrl = "${Gateway.httpUrl}/oauth/token",
                caCertificatesPem = Gateway.caPem))

    /** Fills in the forms as a person would; gives where the browser is sent to. */
    private fun browse(url: String): String {
        fun get(address: String) =
            Gateway.http
                .send(
                    HttpRequest.newBuilder(URI(address)).build(),
                    HttpResponse.BodyHandlers.ofString())
                .body()
        val page = get(url)
        val request = checkNotNull(Regex("name=\"request\" value=\"([^\"]+)\"").find(page)).groupValues[1]

        fun send(path: String, vararg form: Pair<String, String>): HttpResponse<String> {
            val body =
                (form.toList() + ("request" to request)).joinToString("&") { (name, value) ->
                    "$name=${URLEncoder.encode(value, Charsets.UTF_8)}"
                }
            val post =
                HttpRequest.newBuilder(URI(Gateway.httpUrl + path))
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build()
            return Gateway.http.send(post, HttpResponse.BodyHandlers.ofString())
        }
        send(
            "/login/oauth/login",
            "username" to "olive@example.com",
            "password" to "correct horse battery")
        val redirect = send("/login/oauth/consent", "decision" to "allow")
        assertEquals(302, redirect.statusCode())
        return redirect.headers().firstValue("location").get()
    }

    @Test
    fun `a login is kept and makes a client`() = limited {
        val logins = logins("com.example.app://callback")
        val callback = browse(logins.begin().authorizeUrl())
        assertTrue(logins.isCallback(callback))
        assertTrue(!logins.isCallback("com.example.app://settings"))
        val tokens = logins.complete(callback)
        assertTrue(tokens.canRefresh())
        assertTrue(tokens.accessToken() !in tokens.toString())
        val again = failsWith<SignalWireException> { logins.complete(callback) }
        assertEquals(OAuthFailure.USED_TWICE, oauthFailure(checkNotNull(again.code())))

        val store = MemoryStore(logins.refresh(tokens).toText())
        withClient(Gateway.options(""), logins.credentials(store)) { client ->
            assertEquals("olive@example.com", client.subscriberInfo().email)
        }
        store.clear()
        val nobody =
            failsWith<SignalWireException.Unauthorized> {
                withClient(Gateway.options(""), logins.credentials(store)) {}
            }
        assertEquals(OAuthFailure.NOT_LOGGED_IN, oauthFailure(checkNotNull(nobody.code)))
    }

    @Test
    fun `the listener waits for the browser`() = limited {
        val login = logins("http://127.0.0.1:0/callback").beginLoopback()
        val visit =
            async(Dispatchers.IO) {
                val back = URI(browse(login.authorizeUrl()))
                val request = HttpRequest.newBuilder(back).build()
                Gateway.http.send(request, HttpResponse.BodyHandlers.ofString()).body()
            }
        assertNotNull(login.finish().expiresAt())
        assertTrue("Logged in" in visit.await())
        val late =
            failsWith<SignalWireException.Timeout> {
                logins("http://127.0.0.1:0/callback").beginLoopback().finish(1u)
            }
        assertEquals(OAuthFailure.NO_CALLBACK, oauthFailure(checkNotNull(late.code)))
    }

    /** The code of an error of any kind. */
    private fun SignalWireException.code(): Int? =
        javaClass.getMethod("getCode").invoke(this) as Int?
}
