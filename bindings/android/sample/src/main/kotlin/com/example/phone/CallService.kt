package com.example.phone

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.ServiceInfo
import android.media.AudioAttributes
import android.media.AudioFormat
import android.media.AudioRecord
import android.media.AudioTrack
import android.media.MediaRecorder
import android.os.Build
import android.os.IBinder
import com.signalwire.client.AudioSink
import com.signalwire.client.Call
import com.signalwire.client.PcmFrame
import java.nio.ByteBuffer
import kotlin.concurrent.thread

/**
 * The foreground service of a call: it keeps the process and the microphone while the application is
 * not in front. It runs exactly while the state machine says that audio does.
 */
public class CallService : Service() {
    private var audio: DeviceAudio? = null

    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        val notification = notification(this, "Call", null)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            val types =
                ServiceInfo.FOREGROUND_SERVICE_TYPE_PHONE_CALL or
                    ServiceInfo.FOREGROUND_SERVICE_TYPE_MICROPHONE
            startForeground(NOTIFICATION, notification, types)
        } else {
            startForeground(NOTIFICATION, notification)
        }
        current?.let { call ->
            audio?.close()
            audio = DeviceAudio(call)
        }
        return START_NOT_STICKY
    }

    override fun onDestroy() {
        audio?.close()
        audio = null
    }

    internal companion object {
        private const val CHANNEL = "calls"
        private const val NOTIFICATION = 1
        private const val RINGING = 2
        @Volatile private var current: Call? = null

        fun start(context: Context, call: Call) {
            current = call
            context.startForegroundService(Intent(context, CallService::class.java))
        }

        fun stop(context: Context) {
            context.stopService(Intent(context, CallService::class.java))
            current = null
        }

        /** Rings: a notification with the call screen, which covers the lock screen. */
        fun ring(context: Context, id: String, screen: Class<*>) {
            val intent =
                Intent(context, screen)
                    .putExtra(Phone.EXTRA_ID, id)
                    .addFlags(Intent.FLAG_ACTIVITY_NEW_TASK)
            val open =
                PendingIntent.getActivity(
                    context, 0, intent,
                    PendingIntent.FLAG_IMMUTABLE or PendingIntent.FLAG_UPDATE_CURRENT)
            manager(context).notify(RINGING, notification(context, "Incoming call", open))
        }

        fun stopRinging(context: Context): Unit = manager(context).cancel(RINGING)

        private fun manager(context: Context) =
            context.getSystemService(NotificationManager::class.java)

        private fun notification(context: Context, title: String, open: PendingIntent?): Notification {
            val channel =
                NotificationChannel(CHANNEL, "Calls", NotificationManager.IMPORTANCE_HIGH)
            manager(context).createNotificationChannel(channel)
            val builder =
                Notification.Builder(context, CHANNEL)
                    .setSmallIcon(android.R.drawable.sym_call_incoming)
                    .setContentTitle(title)
                    .setCategory(Notification.CATEGORY_CALL)
                    .setOngoing(true)
            if (open != null) builder.setFullScreenIntent(open, true)
            return builder.build()
        }
    }
}

/** The microphone and the speaker of the device for one call, with the system's echo canceller. */
internal class DeviceAudio(private val call: Call) : AutoCloseable {
    private val format = com.signalwire.client.AudioFormat(48_000u, 1u)
    private val track =
        AudioTrack.Builder()
            .setAudioAttributes(
                AudioAttributes.Builder()
                    .setUsage(AudioAttributes.USAGE_VOICE_COMMUNICATION)
                    .setContentType(AudioAttributes.CONTENT_TYPE_SPEECH)
                    .build())
            .setAudioFormat(
                AudioFormat.Builder()
                    .setSampleRate(48_000)
                    .setEncoding(AudioFormat.ENCODING_PCM_16BIT)
                    .setChannelMask(AudioFormat.CHANNEL_OUT_MONO)
                    .build())
            .setPerformanceMode(AudioTrack.PERFORMANCE_MODE_LOW_LATENCY)
            .build()
    private val record =
        AudioRecord.Builder()
            // This source is the one that Android cancels the echo of.
            .setAudioSource(MediaRecorder.AudioSource.VOICE_COMMUNICATION)
            .setAudioFormat(
                AudioFormat.Builder()
                    .setSampleRate(48_000)
                    .setEncoding(AudioFormat.ENCODING_PCM_16BIT)
                    .setChannelMask(AudioFormat.CHANNEL_IN_MONO)
                    .build())
            .setBufferSizeInBytes(FRAME_BYTES * 8)
            .build()
    @Volatile private var isRunning = true
    private val sink =
        call.addAudioSink(
            format,
            object : AudioSink {
                override fun onFrame(frame: PcmFrame) {
                    // Never waits: what the speaker does not take is left out.
                    track.write(frame.pcm, 0, frame.pcm.size, AudioTrack.WRITE_NON_BLOCKING)
                }
            })
    private val reader = thread(name = "microphone") { read() }

    init {
        track.play()
    }

    private fun read() {
        val buffer = ByteBuffer.allocateDirect(FRAME_BYTES)
        record.startRecording()
        try {
            while (isRunning) {
                val count = record.read(buffer, FRAME_BYTES)
                if (count <= 0) break
                buffer.position(0).limit(count)
                call.pushAudio(buffer, format)
                buffer.clear()
            }
        } catch (_: com.signalwire.client.SignalWireException.Closed) {
            // The call ended first.
        } finally {
            record.stop()
        }
    }

    override fun close() {
        isRunning = false
        call.removeAudioSink(sink)
        reader.join(200)
        track.release()
        record.release()
    }

    private companion object {
        /** 20 ms. */
        const val FRAME_BYTES = 1_920
    }
}
