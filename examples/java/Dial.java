import com.signalwire.client.AudioFormat;
import com.signalwire.client.Call;
import com.signalwire.client.CallEvent;
import com.signalwire.client.Client;
import com.signalwire.client.ClientOptions;
import com.signalwire.client.Futures;
import com.signalwire.client.JavaAudio;
import com.signalwire.client.JavaOptions;
import com.signalwire.client.SignalWireException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;

/**
 * Calls an address, hears it for two seconds and hangs up.
 *
 * <pre>SW_TOKEN=… java Dial.java /public/tone</pre>
 *
 * SW_TOKEN is a subscriber access token. For a private deployment SW_WS_URL and SW_HTTP_URL name its
 * servers and SW_CA_FILE its CA certificates.
 */
public final class Dial {
    private static final int FRAMES = 100;

    private Dial() {}

    private static ClientOptions options() throws IOException {
        String caFile = System.getenv("SW_CA_FILE");
        return JavaOptions.client(System.getenv("SW_TOKEN"))
                .wsUrl(System.getenv("SW_WS_URL"))
                .httpUrl(System.getenv("SW_HTTP_URL"))
                .caCertificatesPem(caFile == null ? null : Files.readString(Path.of(caFile)))
                .agent("Dial.java")
                .build();
    }

    private static void show(CallEvent event) {
        if (event instanceof CallEvent.StateChanged changed) {
            System.out.println(changed.getPrevious() + " -> " + changed.getState());
        } else if (event instanceof CallEvent.Ended ended) {
            System.out.println("over: " + ended.getReason().getMessage());
        }
    }

    private static void call(Client client, String address) throws Exception {
        Futures.start(client::connect).get();
        try (Call call = client.dial(address, JavaOptions.dial().ringTimeoutMs(30_000).build())) {
            Futures.Subscription events = Futures.events(call, Dial::show);
            Futures.start(call::answered).get();
            CountDownLatch heard = new CountDownLatch(FRAMES);
            AudioFormat format = JavaOptions.audioFormat(16_000, 1);
            JavaAudio.receive(call, format, frame -> heard.countDown());
            heard.await();
            System.out.println("heard " + FRAMES + " frames");
            Futures.start(call::hangup).get();
            events.getOver().get();
        }
        Futures.start(client::disconnect).get();
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 1) {
            System.err.println("usage: Dial ADDRESS");
            System.exit(1);
        }
        try (Client client = new Client(options())) {
            call(client, arguments[0]);
        } catch (ExecutionException failed) {
            if (!(failed.getCause() instanceof SignalWireException)) throw failed;
            System.err.println(failed.getCause().getMessage());
            System.exit(2);
        }
    }
}
