// Submits a customer with a signed request. Java 11 or later, no libraries.
//
//   java Sign.java credentials.json customer.json

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Sign {
    static final String PATH = "/participants/customers/new";

    /** The signature covers timestamp, method, target and body, with nothing between them. */
    static String sign(String secret, String timestamp, String method, String target, byte[] body) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret), "HmacSHA256"));
        mac.update((timestamp + method + target).getBytes(StandardCharsets.US_ASCII));
        mac.update(body.length > 0 ? body : new byte[] {'{', '}'});
        return Base64.getEncoder().encodeToString(mac.doFinal());
    }

    /** Java has no JSON reader of its own; use your JSON library in place of this. */
    static String member(String json, String name) {
        Matcher matcher = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"\\\\]*)\"").matcher(json);
        if (!matcher.find()) {
            throw new IllegalArgumentException("the credentials have no " + name);
        }
        return matcher.group(1);
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 2) {
            System.err.println("usage: java Sign.java CREDENTIALS BODY");
            System.exit(2);
        }
        String credentials = Files.readString(Path.of(args[0]));
        byte[] body = Files.readAllBytes(Path.of(args[1])); // bytes: what is signed is what is sent
        String timestamp = Long.toString(System.currentTimeMillis() / 1000); // whole seconds

        HttpRequest request = HttpRequest.newBuilder(URI.create(member(credentials, "base_url") + PATH))
            .version(HttpClient.Version.HTTP_1_1)
            .header("Content-Type", "application/json")
            .header("X-NDAX-API-KEY", member(credentials, "api_key"))
            .header("X-NDAX-SIGNED", sign(member(credentials, "secret"), timestamp, "POST", PATH, body))
            .header("X-NDAX-TIMESTAMP", timestamp)
            .header("X-NDAX-PASSPHRASE", member(credentials, "passphrase"))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
        HttpResponse<String> response =
            HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(response.statusCode());
        System.out.println(response.body());
        System.exit(response.statusCode() == 200 ? 0 : 1);
    }
}
