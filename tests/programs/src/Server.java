// An HTTP server on many threads. Its requests keep the just-in-time compiler and the collector busy, and rely on the
// virtual machine turning SIGSEGV into NullPointerException.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

public class Server {
    static class Node {
        Node next;
        byte[] bytes = new byte[256];
    }

    interface Answer {
        String get() throws Exception;
    }

    static long spin(int rounds) {
        long value = 1;
        for (int i = 0; i < rounds; i++)
            value = value * 6364136223846793005L + i;
        return value;
    }

    /** So many that the implicit null check is compiled, and is then taken by the signal. */
    static int nulls() {
        int caught = 0;
        Node none = null;
        for (int i = 0; i < 20000; i++) {
            try {
                none = i % 2 == 0 ? null : new Node();
                caught += none.bytes.length > 1000 ? 1 : 0;
            } catch (NullPointerException e) {
                caught++;
            }
        }
        return caught;
    }

    static int garbage() {
        List<Map<Integer, Node>> kept = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Map<Integer, Node> map = new HashMap<>();
            for (int n = 0; n < 500; n++)
                map.put(n, new Node());
            if (i % 20 == 0)
                kept.add(map);
        }
        System.gc();
        return kept.size();
    }

    static int deep(int n) {
        return deep(n + 1) + 1;
    }

    static boolean overflow() {
        try {
            return deep(0) == 0;
        } catch (StackOverflowError e) {
            return true;
        }
    }

    static void answer(HttpExchange exchange, Answer answer) {
        try {
            byte[] body = (answer.get() + "\n").getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        } catch (Exception e) {
            e.printStackTrace();
        }
    }

    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), 128);
        Map<String, Answer> answers = Map.of("/", () -> "hello, world", "/jit", () -> "" + spin(20_000_000),
            "/npe", () -> "" + nulls(), "/gc", () -> "" + garbage(), "/deep", () -> "" + overflow());
        answers.forEach((path, answer) -> server.createContext(path, exchange -> answer(exchange, answer)));
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
    }
}
