// An OpenID provider on loopback. Its only client gets access tokens (JWT) for itself; its keys are new at each start.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, audience] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const key = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg,
});

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'anna', client_secret: 'a-secret-of-the-tests', grant_types: ['client_credentials'], redirect_uris: [],
    response_types: [],
  }],
  jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
  ttl: { ClientCredentials: 60 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: 'notes', audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  extraTokenClaims: () => ({ sub: 'anna', roles: ['reader'] }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
