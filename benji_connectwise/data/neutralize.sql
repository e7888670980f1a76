-- A copy of a database must not speak to the customer's ConnectWise.
UPDATE connectwise_backend
   SET public_key = NULL,
       stored_private_key = NULL,
       client_id = NULL,
       state = 'draft';
