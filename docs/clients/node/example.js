// One list for someone the release knows and a guest who loves some movies:  node example.js USER_ID MOVIE_ID...
"use strict";

const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const definition = protoLoader.loadSync(
  ["pairrec/v1/pair_recommendation_service.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"],
  {
    includeDirs: [
      path.join(__dirname, "../../../proto"), // in a service of your own: where you keep pairrec/v1
      path.dirname(require.resolve("google-proto-files/package.json")),
    ],
    keepCase: true, // field names as in the .proto
    enums: String,
    longs: String,
    defaults: true,
  },
);
const { PairRecommendationService } = grpc.loadPackageDefinition(definition).pairrec.v1;

// An error's details are a google.rpc.Status in the metadata; a BadRequest among them names every bad field.
function badFields(error) {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  if (!bytes) return [];
  return definition["google.rpc.Status"]
    .deserialize(bytes)
    .details.filter((detail) => detail.type_url.endsWith("/google.rpc.BadRequest"))
    .flatMap((detail) => definition["google.rpc.BadRequest"].deserialize(detail.value).field_violations);
}

const [userId, ...movieIds] = process.argv.slice(2);
const client = new PairRecommendationService(
  process.env.PAIRREC_ADDRESS || "localhost:50051",
  grpc.credentials.createInsecure(),
);
const request = {
  first: { user_id: userId },
  second: { history: movieIds.map((movieId) => ({ movie_id: movieId, rating: 5 })) }, // a guest
  first_weight: 0.6,
  page_size: 5,
};
const options = { deadline: Date.now() + 2000 }; // milliseconds

client.RecommendPair(request, options, (error, response) => {
  client.close();
  if (error) {
    console.error(`${grpc.status[error.code]}: ${error.details}`);
    for (const { field, description } of badFields(error)) console.error(`  ${field}: ${description}`);
    process.exitCode = 1;
    return;
  }
  for (const { movie } of response.recommendations) console.log(`${movie.movie_id}\t${movie.title} (${movie.year})`);
});
