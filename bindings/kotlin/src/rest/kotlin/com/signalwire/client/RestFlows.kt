package com.signalwire.client

import kotlinx.coroutines.flow.Flow

// Apart from the rest, since applications that are given away are built without the REST API.

/** The subscribers of a list; collect it once. Fails as [SubscriberList.next]. */
public fun SubscriberList.asFlow(): Flow<SubscriberResource> = entries(::next)

/** The resources of a list; collect it once. Fails as [ResourceList.next]. */
public fun ResourceList.asFlow(): Flow<Resource> = entries(::next)

/** The addresses of a list; collect it once. Fails as [ResourceAddressList.next]. */
public fun ResourceAddressList.asFlow(): Flow<Address> = entries(::next)

/** The SIP credentials of a list; collect it once. Fails as [SipCredentialList.next]. */
public fun SipCredentialList.asFlow(): Flow<SipCredential> = entries(::next)
