package com.signalwire.client

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/** Every entry that [next] gives, until there is none. Pages are read as they are needed. */
internal fun <T : Any> entries(next: suspend () -> T?): Flow<T> = flow {
    SignalWire.prepare()
    while (true) {
        emit(next() ?: break)
    }
}

/** The addresses of a list; collect it once. Fails as [AddressList.next]. */
public fun AddressList.asFlow(): Flow<Address> = entries(::next)

/** The conversations of a list; collect it once. Fails as [ConversationList.next]. */
public fun ConversationList.asFlow(): Flow<Conversation> = entries(::next)

/** The messages of a list; collect it once. Fails as [MessageList.next]. */
public fun MessageList.asFlow(): Flow<Message> = entries(::next)
