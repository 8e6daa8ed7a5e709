package com.signalwire.client

import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What the records show of themselves: everything but secrets. */
class SecretsTest {
    @Test
    fun `no description of a record shows its secret`() {
        val secret = "s3cr3t"
        val records = listOf<Any>(
            ClientOptions(token = secret, resumeFrom = secret),
            Device("d-1", DeviceType.IOS, secret, "phone", "", secret),
            RestOptions(space = "example", projectId = "p-1", apiToken = secret),
            SipCredentialRequest(username = "desk", password = secret),
            SubscriberRequest(email = "rosa@example.com", password = secret),
            SubscriberTokenRequest(reference = "rosa", password = secret),
        )
        for (record in records) {
            for (text in listOf(record.toString(), "$record", listOf(record).toString())) {
                assertFalse(secret in text, text)
                assertTrue(record.javaClass.simpleName in text, text)
            }
        }
    }
}
